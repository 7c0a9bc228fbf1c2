using Backup.AlertService;
using Backup.AlertService.Channels;
using Backup.Foundation.Errors;
using Backup.Metadata.Alerting;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.AlertService;

/// <summary>Mails, as a real SMTP server takes them.</summary>
public sealed class MailTests
{
    private const string To = """{"to":["ops@example.org","night@example.org"]}""";

    [SmtpFact]
    public async Task A_mail_says_cause_consequence_and_way_out_as_text_and_as_HTML()
    {
        await using var scene = await AlertScene.NewAsync();
        await using var server = await SmtpServer.StartAsync();
        await scene.Mail.SetAsync(Plain(server.Port), null);
        await scene.AddChannelAsync("mail", To);
        await scene.RaiseAsync(subject: "db1");
        await scene.Teller.RoundAsync(CancellationToken.None);
        (await scene.Couriers.DeliverOneAsync(CancellationToken.None)).ShouldBeTrue();
        var mail = await server.ReceiveAsync();
        mail.From.ShouldBe("backup@example.org");
        mail.To.ShouldBe(["ops@example.org", "night@example.org"]);
        mail.Subject.ShouldBe("[Backup] Critical: An agent is silent: db1");
        mail.Headers["Auto-Submitted"].ShouldBe("auto-generated");
        mail.Headers["References"].ShouldBe("<alert-1@example.org>");
        foreach (var part in new[] { "text/plain", "text/html" })
        {
            mail.Parts[part].ShouldContain("It is down. (BK8801)");
            mail.Parts[part].ShouldContain("Nothing is stored.");
            mail.Parts[part].ShouldContain("Look there.");
            mail.Parts[part].ShouldContain("https://backup.example.org/alerts");
        }

        var sent = (await scene.Store.AlertChannels.DeliveriesAsync(scene.Group.Id, 1)).Single();
        sent.State.ShouldBe(DeliveryState.Delivered);
        mail.Headers["Message-ID"].ShouldBe($"<{sent.Id}@example.org>");
        (await scene.Couriers.DeliverOneAsync(CancellationToken.None)).ShouldBeFalse();
    }

    [SmtpFact]
    public async Task Over_STARTTLS_with_a_password_and_an_authority_of_its_own()
    {
        using var certificates = new TestCertificates();
        await using var scene = await AlertScene.NewAsync();
        await using var server = await SmtpServer.StartAsync(certificates.ServerFile(), "backup", "pass word");
        var settings = new MailServer(
            "localhost",
            server.Port,
            true,
            "backup@example.org",
            "backup",
            await File.ReadAllTextAsync(certificates.AuthorityFile)
        );
        await scene.Mail.SetAsync(settings, "pass word");
        await scene.AddChannelAsync("mail", To);
        (await TestAsync(scene)).Message.ShouldBeNull();
        var mail = await server.ReceiveAsync();
        (mail.Tls, mail.User).ShouldBe((true, "backup"));
        mail.Subject.ShouldBe("[Backup] Test: alerts arrive here");

        // Nobody vouches for it: nothing is sent, the password least of all.
        await scene.Mail.SetAsync(settings with { Authority = null }, null);
        var failed = await TestAsync(scene);
        (failed.State, failed.Code).ShouldBe((DeliveryState.Failed, "BK8831"));

        // Another name than that of the certificate.
        await scene.Mail.SetAsync(settings with { Host = "127.0.0.1" }, "pass word");
        (await TestAsync(scene)).Code.ShouldBe("BK8831");
    }

    [SmtpFact]
    public async Task A_wrong_password_is_told_and_a_server_without_TLS_is_refused()
    {
        using var certificates = new TestCertificates();
        await using var scene = await AlertScene.NewAsync();
        await scene.AddChannelAsync("mail", To);
        await using var server = await SmtpServer.StartAsync(certificates.ServerFile(), "backup", "right");
        var authority = await File.ReadAllTextAsync(certificates.AuthorityFile);
        await scene.Mail.SetAsync(
            new MailServer("localhost", server.Port, true, "backup@example.org", "backup", authority),
            "wrong"
        );
        (await TestAsync(scene)).Code.ShouldBe("BK8831");
        await using var plain = await SmtpServer.StartAsync();
        await scene.Mail.SetAsync(Plain(plain.Port) with { Tls = true }, null);
        (await TestAsync(scene)).Code.ShouldBe("BK8831");
    }

    [SmtpFact]
    public async Task What_is_not_taken_is_tried_again_and_shown_until_it_is()
    {
        await using var scene = await AlertScene.NewAsync();
        await using var server = await SmtpServer.StartAsync();
        await scene.Mail.SetAsync(Plain(server.Port), null);
        var channel = await scene.AddChannelAsync("mail", To);
        await scene.RaiseAsync(subject: "busy");
        await scene.Teller.RoundAsync(CancellationToken.None);
        await scene.Couriers.DeliverOneAsync(CancellationToken.None);
        var waiting = (await scene.Store.AlertChannels.DeliveriesAsync(scene.Group.Id, 1)).Single();
        (waiting.State, waiting.Attempts, waiting.Code).ShouldBe((DeliveryState.Queued, 1, "BK8831"));
        (await scene.Store.AlertChannels.FindAsync(channel.Id))!.FailureCode.ShouldBe("BK8831");
        (await scene.Couriers.DeliverOneAsync(CancellationToken.None)).ShouldBeFalse("it waits a little");
        scene.Time.Advance(TimeSpan.FromSeconds(10));
        await scene.NewCouriers().DeliverOneAsync(CancellationToken.None);
        (await server.ReceiveAsync()).Subject.ShouldContain("busy");
        (await scene.Store.AlertChannels.FindAsync(channel.Id))!.FailureCode.ShouldBeNull();
    }

    [Fact]
    public async Task What_cannot_be_delivered_is_given_up_after_a_day()
    {
        await using var scene = await AlertScene.NewAsync();
        await scene.AddChannelAsync("mail", To);
        await scene.RaiseAsync();
        await scene.Teller.RoundAsync(CancellationToken.None);
        DeliveryRecord delivery;
        var tries = 0;
        do
        {
            tries += await scene.Couriers.DeliverOneAsync(CancellationToken.None) ? 1 : 0;
            scene.Time.Advance(TimeSpan.FromMinutes(1));
            delivery = (await scene.Store.AlertChannels.DeliveriesAsync(scene.Group.Id, 1)).Single();
        } while (delivery.State == DeliveryState.Queued && tries < 100);

        (delivery.State, delivery.Code).ShouldBe((DeliveryState.Failed, "BK8830"));
        tries.ShouldBeInRange(20, 40);
        (delivery.EndedAt!.Value - delivery.CreatedAt).ShouldBeInRange(TimeSpan.FromHours(22), TimeSpan.FromHours(24));
    }

    [SmtpFact]
    public async Task Hostile_names_are_text_and_nothing_else()
    {
        await using var scene = await AlertScene.NewAsync();
        await using var server = await SmtpServer.StartAsync();
        await scene.Mail.SetAsync(Plain(server.Port), null);
        await scene.AddChannelAsync("mail", To);
        await scene.RaiseAsync(subject: "<script>\r\nBcc: eve@example.org\u202Ex", message: "<img src=x onerror=y>");
        await scene.Teller.RoundAsync(CancellationToken.None);
        await scene.Couriers.DeliverOneAsync(CancellationToken.None);
        var mail = await server.ReceiveAsync();
        mail.To.ShouldNotContain("eve@example.org");
        mail.Headers.Keys.ShouldNotContain("Bcc");
        mail.Parts["text/html"].ShouldNotContain("<script>");
        mail.Parts["text/html"].ShouldNotContain("<img");
        mail.Parts["text/html"].ShouldContain("&lt;img src=x onerror=y&gt;");
        mail.Parts["text/plain"].ShouldNotContain("\u202E");
    }

    [Theory]
    [InlineData("bad host", 587, true, "a@b.org", null, "host")]
    [InlineData("mail", 0, true, "a@b.org", null, "port")]
    [InlineData("mail", 465, true, "a@b.org", null, "port")]
    [InlineData("mail", 587, true, "nobody", null, "from")]
    [InlineData("mail", 587, true, "a@b.org\r\nBcc: e@b.org", null, "from")]
    [InlineData("mail", 587, false, "a@b.org", "ann", "tls")]
    [InlineData("mail", 587, true, "a@b.org", "ann", "password")]
    public async Task What_cannot_be_a_mail_server_is_refused_at_its_field(
        string host,
        int port,
        bool tls,
        string from,
        string? user,
        string field
    )
    {
        await using var scene = await AlertScene.NewAsync();
        var password = field == "tls" ? "x" : null;
        var refusal = await Should.ThrowAsync<BackupException>(() =>
            scene.Mail.SetAsync(new MailServer(host, port, tls, from, user, null), password)
        );
        (refusal.Number, refusal.Field).ShouldBe((AlertServiceErrors.ChannelSetting, field));
        (await scene.Mail.FindAsync()).ShouldBeNull();
    }

    [Fact]
    public async Task A_password_stays_with_the_server_that_it_was_given_for_and_is_stored_sealed()
    {
        await using var scene = await AlertScene.NewAsync();
        var server = new MailServer("mail", 587, true, "a@b.org", "ann", null);
        await scene.Mail.SetAsync(server, "secret word");
        await scene.Mail.SetAsync(server with { Port = 2525 }, null);
        var refusal = await Should.ThrowAsync<BackupException>(() =>
            scene.Mail.SetAsync(server with { Host = "eve" }, null)
        );
        refusal.Field.ShouldBe("password");
        (await scene.Store.Settings.FindAsync("mail"))!.ShouldNotContain("secret word");
        (await scene.Store.Settings.FindAsync("mail.secret"))!.ShouldNotContain("secret word");
    }

    private static MailServer Plain(int port) => new("localhost", port, false, "backup@example.org", null, null);

    private static async Task<DeliveryRecord> TestAsync(AlertScene scene)
    {
        var channel = (await scene.Store.AlertChannels.ListAsync())[0];
        var now = scene.Time.GetUtcNow();
        var test = new DeliveryRecord(Guid.NewGuid().ToString("N"), channel.Id, [], now, now);
        await scene.Store.AlertChannels.QueueAsync(test);
        await scene.Couriers.DeliverOneAsync(CancellationToken.None);
        return (await scene.Store.AlertChannels.FindDeliveryAsync(test.Id))!;
    }
}

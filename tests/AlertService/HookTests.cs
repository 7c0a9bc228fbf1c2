using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Backup.AlertService.Channels;
using Backup.Foundation.Errors;
using Backup.Metadata.Alerting;
using Shouldly;
using Xunit;

namespace Backup.Tests.AlertService;

/// <summary>Webhooks and Slack's messages, as a receiver takes them.</summary>
public sealed class HookTests
{
    private static readonly byte[] Secret = "a secret of thirty-two bytes ...."u8.ToArray();

    [Fact]
    public async Task A_webhook_is_signed_and_says_everything()
    {
        await using var scene = await AlertScene.NewAsync();
        using var receiver = new Receiver();
        await scene.AddChannelAsync("webhook", ChannelSettings.Webhook(receiver.Url, null), Secret);
        await scene.RaiseAsync(subject: "db1");
        await scene.RaiseAsync("host-down", "db2", AlertSeverity.Warning);
        await scene.Teller.RoundAsync(CancellationToken.None);
        await scene.Couriers.DeliverOneAsync(CancellationToken.None);
        var got = receiver.Taken.ShouldHaveSingleItem();
        got.Type.ShouldBe("application/json; charset=utf-8");

        // As the documentation says that a receiver checks it.
        var parts = got.Headers["Backup-Signature"]
            .Split(',')
            .ToDictionary(static one => one[..one.IndexOf('=')], static one => one[(one.IndexOf('=') + 1)..]);
        var signed = Encoding.UTF8.GetBytes($"{parts["t"]}.{got.Body}");
        parts["v1"].ShouldBe(Convert.ToHexStringLower(HMACSHA256.HashData(Secret, signed)));
        long.Parse(parts["t"], CultureInfo.InvariantCulture).ShouldBe(scene.Time.GetUtcNow().ToUnixTimeSeconds());

        var body = JsonDocument.Parse(got.Body).RootElement;
        body.GetProperty("version").GetInt32().ShouldBe(1);
        body.GetProperty("id").GetString().ShouldBe(got.Headers["Backup-Delivery"]);
        var alerts = body.GetProperty("alerts").EnumerateArray().ToList();
        alerts.Select(static one => one.GetProperty("subject").GetString()).ShouldBe(["db1", "db2"], "worst first");
        var first = alerts[0];
        first.GetProperty("event").GetString().ShouldBe("opened");
        first.GetProperty("severity").GetString().ShouldBe("critical");
        first.GetProperty("condition").GetString().ShouldBe("agent-down");
        first.GetProperty("code").GetString().ShouldBe("BK8801");
    }

    [Fact]
    public async Task A_template_is_filled_for_each_alert_and_gives_JSON_whatever_the_names_are()
    {
        await using var scene = await AlertScene.NewAsync();
        using var receiver = new Receiver();
        const string template = """{"text": "{{title}} ({{code}})", "level": "{{severity}}"}""";
        await scene.AddChannelAsync("webhook", ChannelSettings.Webhook(receiver.Url, template));
        await scene.RaiseAsync(subject: "a\"b\\c\n");
        await scene.RaiseAsync(subject: "plain");
        await scene.Teller.RoundAsync(CancellationToken.None);
        await scene.Couriers.DeliverOneAsync(CancellationToken.None);
        receiver
            .Taken.Select(static one => JsonDocument.Parse(one.Body).RootElement.GetProperty("text").GetString())
            .ShouldBe([
                "Critical: An agent is silent: a\"b\\c\n (BK8801)",
                "Critical: An agent is silent: plain (BK8801)",
            ]);
        receiver.Taken.ShouldAllBe(static one => !one.Headers.ContainsKey("Backup-Signature"));
    }

    [Theory]
    [InlineData("{{title}}")]
    [InlineData("""{"text": {{title}}}""")]
    [InlineData("""{"text": "{{nothing}}"}""")]
    [InlineData("not json")]
    public void A_template_that_may_give_no_JSON_is_refused(string template) =>
        Should
            .Throw<BackupException>(() => ChannelSettings.Webhook("https://example.org/", template))
            .Field.ShouldBe("template");

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("ftp://example.org/")]
    [InlineData("http://example.org/")]
    [InlineData("https://user:password@example.org/")]
    [InlineData("/relative")]
    public void What_is_no_URL_for_it_is_refused(string? url)
    {
        Should.Throw<BackupException>(() => ChannelSettings.Webhook(url, null)).Field.ShouldBe("url");
        Should.Throw<BackupException>(() => ChannelSettings.Slack(url)).Field.ShouldBe("url");
    }

    [Fact]
    public async Task Slack_gets_text_in_which_names_are_no_markup()
    {
        await using var scene = await AlertScene.NewAsync();
        using var receiver = new Receiver();
        await scene.AddChannelAsync("slack", ChannelSettings.Slack(receiver.Url), Encoding.UTF8.GetBytes(receiver.Url));
        await scene.RaiseAsync(subject: "<!channel> & co");
        await scene.Teller.RoundAsync(CancellationToken.None);
        await scene.Couriers.DeliverOneAsync(CancellationToken.None);
        var text = JsonDocument.Parse(receiver.Taken.Single().Body).RootElement.GetProperty("text").GetString()!;
        text.ShouldContain("&lt;!channel&gt; &amp; co");
        text.ShouldContain("Look there.");
        text.ShouldContain("<https://backup.example.org/alerts|Look at the alerts>");
        ChannelSettings.Slack(receiver.Url).ShouldNotContain(receiver.Secret);
    }

    [Theory]
    [InlineData(500, "BK8832")]
    [InlineData(404, "BK8832")]
    [InlineData(302, "BK8832")]
    public async Task What_is_not_taken_is_tried_again(int status, string code)
    {
        await using var scene = await AlertScene.NewAsync();
        using var receiver = new Receiver { Status = status };
        await scene.AddChannelAsync("webhook", ChannelSettings.Webhook(receiver.Url, null), Secret);
        await scene.RaiseAsync();
        await scene.Teller.RoundAsync(CancellationToken.None);
        await scene.Couriers.DeliverOneAsync(CancellationToken.None);
        var waiting = (await scene.Store.AlertChannels.DeliveriesAsync(scene.Group.Id, 1)).Single();
        (waiting.State, waiting.Code).ShouldBe((DeliveryState.Queued, code));
        receiver.Status = 204;
        scene.Time.Advance(TimeSpan.FromSeconds(10));
        await scene.Couriers.DeliverOneAsync(CancellationToken.None);
        receiver
            .Taken.Select(static one => one.Headers["Backup-Delivery"])
            .Distinct()
            .ShouldHaveSingleItem("it can be told from another one");
        receiver.Taken.Count.ShouldBe(2, "a redirect is not followed");
    }

    [Theory]
    [InlineData("https://127.0.0.1:1/")]
    [InlineData("https://169.254.169.254/latest/meta-data")]
    public async Task What_cannot_or_must_not_be_reached_is_told(string url)
    {
        await using var scene = await AlertScene.NewAsync();
        await scene.AddChannelAsync("webhook", ChannelSettings.Webhook(url, null), Secret);
        await scene.RaiseAsync();
        await scene.Teller.RoundAsync(CancellationToken.None);
        await scene.Couriers.DeliverOneAsync(CancellationToken.None);
        (await scene.Store.AlertChannels.DeliveriesAsync(scene.Group.Id, 1)).Single().Code.ShouldBe("BK8833");
    }
}

using System.Text.Json;
using Backup.Tests.AlertService;
using Backup.Tests.EndToEnd.Detection;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.EndToEnd;

/// <summary>Somebody drops what they should not: the alert says from when it is to be restored, and its command does that.</summary>
public sealed class MassChangeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task TheAlertOfADropRestoresWhatWasDropped()
    {
        await using var source = await TestSource.SandboxAsync();
        (await DropAndRestoreAsync(source, """{"drop":"orders"}""", "shop.orders")).Folder.Dispose();
    }

    /// <summary>Nobody looks at anything but the mail.</summary>
    [SmtpFact]
    public async Task TheMailOfADropIsThereSoonAndItsCommandRestoresWhatWasDropped()
    {
        await using var source = await TestSource.SandboxAsync();
        await using var mails = await MailBox.OpenAsync();
        (await DropAndRestoreAsync(source, """{"drop":"orders"}""", "shop.orders", mails)).Folder.Dispose();
    }

    [RealRestoreFact]
    public async Task TheAlertOfADropOnARealServerRestoresWhatWasDropped()
    {
        await using var source = await TestSource.RealAsync();
        var restored = await DropAndRestoreAsync(source, """{"drop":"orders"}""", "shop.orders");
        await ShouldLoadAsync(source, restored);
    }

    [RealRestoreFact]
    public async Task OfADroppedDatabaseThereIsOneAlertWhichRestoresAllOfIt()
    {
        await using var source = await TestSource.RealAsync();
        await source.InsertAsync("shop", "lines", SourceContent.Many(300, new Random(3), 100, 1_000));
        var restored = await DropAndRestoreAsync(source, """{"dropDatabase":1}""", "shop");
        await ShouldLoadAsync(source, restored);
    }

    private sealed record Restored(TemporaryFolder Folder, string Archive, DatabaseHash Before);

    private static async Task<Restored> DropAndRestoreAsync(
        TestSource source,
        string command,
        string ns,
        MailBox? mails = null
    )
    {
        await source.InsertAsync("shop", "orders", SourceContent.Many(3000, new Random(1), 100, 1_000));
        await source.InsertAsync("shop", "small", SourceContent.Many(20, new Random(2), 100, 1_000));
        var before = (await source.HashesAsync())["shop"];
        await using var appliance = new ApplianceProcess(source.Uri);
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        (await appliance.RunAsync("snapshot", "rs0", "--wait")).Succeeded();
        if (mails is not null)
        {
            await mails.SubscribeAsync(appliance);
        }

        await source.RunAsync("shop", command);
        var alert = await AlertAsync(appliance);
        alert.GetProperty("subject").GetString().ShouldEndWith(ns == "shop" ? "shop.*" : ns);
        alert.GetProperty("consequence").GetString().ShouldStartWith("The last clean second is ");
        alert.GetProperty("before").GetProperty("namespace").GetString().ShouldBe(ns);

        // As it stands in the mail, word by word.
        var hint = alert.GetProperty("error").GetProperty("hint").GetString()!;
        if (mails is not null)
        {
            hint = await MailedAsync(mails, alert);
        }

        var words = hint[hint.IndexOf("backup restore", StringComparison.Ordinal)..].Split(' ');
        words[3].ShouldBe("--time");
        words[5..8].ShouldBe(["--namespace", ns, "--output"]);
        words[8].ShouldEndWith(".archive");
        var folder = new TemporaryFolder();
        var archive = folder.File("it");
        var result = (await appliance.RunAsync([.. words[1..8], archive])).Succeeded().Json;
        result.GetProperty("documents").GetInt64().ShouldBeGreaterThanOrEqualTo(3000);

        var kept = (await appliance.RunAsync("snapshots", "rs0")).Succeeded().Json;
        kept.EnumerateArray()
            .SelectMany(static one => one.GetProperty("kept").EnumerateArray())
            .ShouldContain(static one => one.GetProperty("reason").GetString() == "alert");
        var id = alert.GetProperty("id").GetInt64().ToString(System.Globalization.CultureInfo.InvariantCulture);
        (await appliance.RunAsync("alerts", "resolve", id, "--comment", "restored")).Succeeded();
        (await appliance.StopAsync()).ShouldBe(0);
        return new Restored(folder, archive, before);
    }

    /// <summary>The text of the mail, which says what the alert says.</summary>
    private static async Task<string> MailedAsync(MailBox mails, JsonElement alert)
    {
        var (mail, _) = await mails.ToldAsync(["BK8844"], Patience);
        mail.Subject.ShouldStartWith("[Backup] Critical: More was deleted, dropped or overwritten than is usual");
        var (text, html) = (mail.Parts["text/plain"], mail.Parts["text/html"]);
        foreach (var said in new[] { alert.GetProperty("consequence").GetString()!, "/restore?time=" })
        {
            text.ShouldContain(said);
            html.ShouldContain(said);
        }

        return text;
    }

    private static async Task<JsonElement> AlertAsync(ApplianceProcess appliance)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var open = (await appliance.RunAsync("alerts", "list")).Succeeded().Json;
            var found = open.EnumerateArray()
                .Where(static one => one.GetProperty("condition").GetString() == "mass-change")
                .ToList();
            if (found.Count > 0)
            {
                return found.ShouldHaveSingleItem();
            }

            Assert.True(
                TimeProvider.System.GetElapsedTime(begun) < Patience,
                $"no alert of a mass change: {open}\n{appliance.Output}"
            );
            await Task.Delay(500);
        }
    }

    /// <summary>What was dropped, loaded into where it was, is what it was.</summary>
    private static async Task ShouldLoadAsync(TestSource source, Restored restored)
    {
        using var folder = restored.Folder;
        var (exitCode, said) = await MongoTools.RunAsync(
            "mongorestore",
            "--uri",
            source.Uri,
            $"--archive={restored.Archive}"
        );
        exitCode.ShouldBe(0, said);
        var after = (await source.HashesAsync())["shop"];
        after.Collections["orders"].ShouldBe(restored.Before.Collections["orders"]);
    }
}

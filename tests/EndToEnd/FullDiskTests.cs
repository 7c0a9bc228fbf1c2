using System.Diagnostics;
using Backup.Tests.AlertService;
using Backup.Tests.Support;
using Shouldly;
using Xunit.Abstractions;

namespace Backup.Tests.EndToEnd;

/// <summary>The disk of the data folder fills up while oplog and snapshots are written; then somebody makes room.</summary>
public sealed class FullDiskTests(ITestOutputHelper output)
{
    private const int Megabytes = 160;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>How soon a fault is told.</summary>
    private static readonly TimeSpan Detected = TimeSpan.FromMinutes(2);

    [RootFact]
    public async Task AFullDiskIsNamedNothingIsLostAndWorkGoesOnByItselfWhenThereIsRoom()
    {
        using var disk = new SmallDisk(Megabytes);
        await using var source = await TestSource.SandboxAsync();
        await source.InsertAsync("shop", "orders", SourceContent.Many(2_000, new Random(1), 500, 2_000));
        await using var appliance = new ApplianceProcess(source.Uri, disk.Folder("data"));
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        using var pager = new Receiver();
        string[] channel = ["alerts", "channels", "add", "pager", "--webhook", pager.Url, "--appliance"];
        (await appliance.RunAsync(channel)).Succeeded();
        var before = (await appliance.RunAsync("snapshot", "rs0", "--wait")).Succeeded().Json;
        var hashes = await source.HashesAsync();

        disk.Fill();
        await source.InsertAsync("shop", "more", SourceContent.Many(3_000, new Random(2), 2_000, 8_000));
        await UntilAsync(appliance, "BK1003");
        // Nothing can be written down, and somebody hears of it all the same.
        await ToldAsync(pager, "opened");
        // What is there can be restored: that needs no room, not even for the record of it.
        disk.Fill();
        await RestoreCheck.DirectoryEqualsAsync(appliance, before, hashes);
        var refused = await appliance.RunAsync("snapshot", "rs0", "--wait");
        output.WriteLine($"A snapshot meanwhile: {refused.ExitCode} {refused.Output}{refused.Errors}");
        refused.ErrorCode.ShouldBe("BK1003");
        disk.MakeRoom();

        await ClearAsync(appliance);
        await ToldAsync(pager, "resolved");
        await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);
        await RestoreCheck.VerificationEqualsAsync(appliance, before, hashes);
        // What was taken out while nothing could be written down is written down by now.
        var audit = (await appliance.RunAsync("audit")).Succeeded().Json.EnumerateArray();
        audit
            .Where(record => record.GetProperty("action").GetString() == "restore.output")
            .Select(record => record.GetProperty("outcome").GetString())
            .ShouldBe(["begun", "ok", "begun", "ok"], ignoreOrder: true);
        (await appliance.StopAsync()).ShouldBe(0);
    }

    /// <summary>Within two minutes of the fault, or of its end.</summary>
    private static async Task ToldAsync(Receiver pager, string kind)
    {
        var (watch, wanted) = (Stopwatch.StartNew(), $"\"event\":\"{kind}\"");
        while (
            !pager.Taken.Any(one =>
                one.Body.Contains(wanted, StringComparison.Ordinal)
                && one.Body.Contains("BK8822", StringComparison.Ordinal)
            )
        )
        {
            watch.Elapsed.ShouldBeLessThan(Detected, string.Join('\n', pager.Taken.Select(static one => one.Body)));
            await Task.Delay(100);
        }
    }

    /// <summary>Whoever asks is told, and it stands in the log.</summary>
    private static async Task UntilAsync(ApplianceProcess appliance, string code)
    {
        var status = "";
        for (var watch = Stopwatch.StartNew(); !status.Contains(code, StringComparison.Ordinal); await Task.Delay(200))
        {
            watch.Elapsed.ShouldBeLessThan(Patience, $"{status}\n{appliance.Output}");
            status = (await appliance.RunAsync("status")).Output;
        }
    }

    /// <summary>Waits until no error is told any more; alerts, of the small disk too, are others.</summary>
    private static async Task ClearAsync(ApplianceProcess appliance)
    {
        var status = "BK";
        for (var watch = Stopwatch.StartNew(); status.Contains("BK", StringComparison.Ordinal); await Task.Delay(200))
        {
            watch.Elapsed.ShouldBeLessThan(Patience, $"{status}\n{appliance.Output}");
            var told = (await appliance.RunAsync("status")).Succeeded().Json;
            status = $"{told.GetProperty("errors")}{told.GetProperty("deployments")}";
        }
    }
}

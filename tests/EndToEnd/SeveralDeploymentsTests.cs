using System.Diagnostics;
using System.Text.Json;
using Backup.Sandbox;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.EndToEnd;

/// <summary>Several deployments side by side in one agent: each goes its own way, and they come and go while it runs.</summary>
public sealed class SeveralDeploymentsTests
{
    [Fact]
    public async Task DeploymentsAreBackedUpSideBySideAndComeAndGoWithoutARestart()
    {
        await using var first = await SourceAsync("rsa", 11);
        await using var second = await SourceAsync("rsb", 22);
        await using var third = await SourceAsync("rsc", 33);

        // One of those named does not exist: it keeps none of the others.
        await using var appliance = new ApplianceProcess(
            $"{first.Uri} {second.Uri}\nmongodb://127.0.0.1:1/?replicaSet=gone"
        );
        appliance.Up();
        await StateAsync(appliance, "rsa", "tailing");
        await StateAsync(appliance, "rsb", "tailing");
        await DeploymentAsync(appliance, "gone", one => one.TryGetProperty("error", out _));
        var agent = appliance.AgentProcessIds().ShouldHaveSingleItem();

        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder.File("uri"), third.Uri + "\n");
        var added = (await appliance.RunAsync("deployments", "add", folder.File("uri"))).Succeeded().Json;
        added.GetProperty("name").GetString().ShouldBe("rsc");
        await StateAsync(appliance, "rsc", "tailing");

        (await appliance.RunAsync("deployments", "remove", "rsa")).Succeeded();
        (await appliance.RunAsync("deployments", "remove", "gone")).Succeeded();
        await DeploymentAsync(appliance, "rsa", one => one.TryGetProperty("removedAt", out _));

        // One source dies: the others are followed as before.
        await second.Sandbox.StopAsync();
        await third.InsertAsync("shop", "later", SourceContent.Many(50, new Random(4), 100, 1_000));
        await RestoreCheck.SnapshotEqualsSourceAsync(appliance, third, "rsc");
        appliance.AgentProcessIds().ShouldBe([agent]);

        await SourceSettingsAsync(appliance, third);
        appliance.AgentProcessIds().ShouldBe([agent]);

        // What is no longer protected takes nothing new; protected again it goes on.
        await first.InsertAsync("shop", "later", SourceContent.Many(20, new Random(5), 100, 1_000));
        await File.WriteAllTextAsync(folder.File("uri"), first.Uri);
        (await appliance.RunAsync("deployments", "add", folder.File("uri"))).Succeeded();
        await DeploymentAsync(
            appliance,
            "rsa",
            one => one.GetProperty("agents").EnumerateArray().Any(a => a.GetProperty("phase").GetString() == "tailing")
        );
        await RestoreCheck.SnapshotEqualsSourceAsync(appliance, first, "rsa");
        appliance.AgentProcessIds().ShouldBe([agent]);

        var unknown = await appliance.RunAsync("deployments", "remove", "none");
        (unknown.ExitCode, unknown.ErrorCode).ShouldBe((10, "BK9522"));
    }

    /// <summary>How one of them is read is changed while all goes on: paused, nothing comes; a snapshot holds what is there.</summary>
    private static async Task SourceSettingsAsync(ApplianceProcess appliance, TestSource third)
    {
        var changed = (await appliance.RunAsync("source", "rsc", "--cursors", "4", "--mb-per-second", "500", "--pause"))
            .Succeeded()
            .Json;
        (changed.GetProperty("cursors").GetInt32(), changed.GetProperty("megabytesPerSecond").GetDouble()).ShouldBe(
            (4, 500)
        );
        await DeploymentAsync(
            appliance,
            "rsc",
            one =>
                one.GetProperty("source") is var source
                && source.GetProperty("inForce").GetBoolean()
                && source.TryGetProperty("pausedAt", out _)
                && source.TryGetProperty("oplog", out var oplog)
                && oplog.GetProperty("leftSeconds").GetInt64() >= 0
                && one.GetProperty("agents")[0].GetProperty("phase").GetString() == "paused"
        );
        await third.InsertAsync("shop", "paused", SourceContent.Many(10, new Random(6), 100, 1_000));
        var snapshot = (await appliance.RunAsync("snapshot", "rsc", "--wait")).Succeeded().Json;
        (await appliance.RunAsync("verify", snapshot.GetProperty("id").GetString()!)).Succeeded();
        (await appliance.RunAsync("source", "rsc", "--member", "tags:a", "--resume")).ErrorCode.ShouldBe("BK9501");
        (await appliance.RunAsync("source", "rsc", "--cursors", "17")).ErrorCode.ShouldBe("BK6015");
        (await appliance.RunAsync("source", "none")).ExitCode.ShouldBe(10);
        (await appliance.RunAsync("source", "rsc", "--cursors", "default", "--resume")).Succeeded();
        await RestoreCheck.SnapshotEqualsSourceAsync(appliance, third, "rsc");
    }

    private static async Task<TestSource> SourceAsync(string name, int seed)
    {
        var source = await TestSource.SandboxAsync(new SandboxOptions { ReplicaSetName = name });
        await source.InsertAsync("shop", "orders", SourceContent.Many(200, new Random(seed), 100, 1_000));
        return source;
    }

    private static Task StateAsync(ApplianceProcess appliance, string name, string state) =>
        DeploymentAsync(
            appliance,
            name,
            one =>
                one.GetProperty("replicaSets")
                    .EnumerateArray()
                    .Any(set => set.GetProperty("state").GetString() == state)
        );

    private static async Task DeploymentAsync(ApplianceProcess appliance, string name, Func<JsonElement, bool> wanted)
    {
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(300))
        {
            var status = await appliance.RunAsync("status");
            if (
                status.ExitCode == 0
                && status.Json.GetProperty("running").GetBoolean()
                && status.Json.GetProperty("deployments").EnumerateArray().ToList() is var all
                && all.Exists(one => one.GetProperty("name").GetString() == name && wanted(one))
            )
            {
                return;
            }

            watch.Elapsed.ShouldBeLessThan(TimeSpan.FromMinutes(2), $"{name}: {status.Output}\n{appliance.Output}");
        }
    }
}

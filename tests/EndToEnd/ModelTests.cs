using System.Diagnostics;
using System.Text.Json;
using Backup.Foundation;
using Backup.Sandbox;
using Backup.Tests.EndToEnd.Writes;
using Backup.Tests.Support;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace Backup.Tests.EndToEnd;

/// <summary>
/// Every kind of write by chance, fresh copies of collections, kill -9 of agent and appliance in between, snapshots and moments at random: each is the source as it was at
/// that very optime. The seed is printed; BACKUP_TEST_SEED repeats it, BACKUP_TEST_ROUNDS sets how often.
/// </summary>
public sealed class ModelTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task EverySnapshotAndEveryMomentIsWhatTheSandboxRemembers()
    {
        var random = new Random(Seed());
        await using var source = await TestSource.SandboxAsync(
            new SandboxOptions
            {
                ReplicaSetName = "rs0",
                KeepHistory = true,
                // So small that most transactions are chains.
                TransactionEntryBytes = 300,
            }
        );
        await using var appliance = new ApplianceProcess(source.Uri);
        await using var writes = LiveWrites.Start(source, random.Next());
        appliance.Up();
        await appliance.WaitForStateAsync("tailing", Patience);
        var snapshots = new List<JsonElement>();
        for (var round = Setting("BACKUP_TEST_ROUNDS", 3); round > 0; round--)
        {
            await writes.WaitAsync(random.Next(20, 150));
            await ResyncAsync(appliance, random);
            await KillAsync(appliance, random);
            snapshots.Add(await SnapshotAsync(appliance));
            await ModelCheck.SnapshotAsync(appliance, source.Sandbox, snapshots[^1]);
            await MomentAsync(appliance, source, snapshots, random);
        }

        await TakenOverAsync(appliance);
        await writes.DisposeAsync();
        output.WriteLine(writes.Describe());
        await ModelCheck.SnapshotAsync(appliance, source.Sandbox, await SeamAsync(appliance));
        snapshots.Add(await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source));
        ModelCheck.OptimeOf(snapshots[^1]).ShouldBe(source.Sandbox.LastOptime);
        await ModelCheck.SnapshotAsync(appliance, source.Sandbox, snapshots[^1]);
        await ModelCheck.SnapshotAsync(appliance, source.Sandbox, snapshots[random.Next(snapshots.Count)]);
    }

    [RealMongoFact]
    public async Task EverySnapshotAtAQuietMomentIsWhatARealServerHolds()
    {
        var random = new Random(Seed());
        await using var source = await TestSource.RealAsync();
        await using var appliance = new ApplianceProcess(source.Uri);
        await using var writes = LiveWrites.Start(source, random.Next());
        appliance.Up();
        await appliance.WaitForStateAsync("tailing", Patience);
        for (var round = Setting("BACKUP_TEST_ROUNDS", 2); round > 0; round--)
        {
            await writes.WaitAsync(random.Next(50, 200));
            await ResyncAsync(appliance, random);
            await KillAsync(appliance, random);
            await writes.WaitAsync(20);
            await TakenOverAsync(appliance);
            using (await writes.PauseAsync())
            {
                await appliance.WaitForStateAsync("tailing", Patience);
                await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);
            }
        }

        output.WriteLine(writes.Describe());
    }

    /// <summary>A moment that is known by then: some entry's between the first snapshot and the last.</summary>
    private async Task MomentAsync(
        ApplianceProcess appliance,
        TestSource source,
        List<JsonElement> snapshots,
        Random random
    )
    {
        var (first, last) = (ModelCheck.OptimeOf(snapshots[0]), ModelCheck.OptimeOf(snapshots[^1]));
        var moments = source
            .Sandbox.Oplog()
            .Select(entry => Optime.FromTimestamp(entry.View["ts"u8].AsTimestamp, 1))
            .Where(optime => optime >= first && optime <= last)
            .ToList();
        var moment = moments[random.Next(moments.Count)];
        output.WriteLine($"restored to {moment.T},{moment.I}");
        await ModelCheck.MomentAsync(appliance, source.Sandbox, moment);
    }

    /// <summary>Asks for a fresh copy of something that is written to.</summary>
    private async Task ResyncAsync(ApplianceProcess appliance, Random random)
    {
        string[] some = ["live", "live.busy", "live-2", "bank", "live.l*"];
        var ns = some[random.Next(some.Length)];
        output.WriteLine($"resync --namespace {ns}");
        (await appliance.RunAsync("resync", "rs0", "--namespace", ns)).Succeeded();
    }

    /// <summary>Waits until the head has taken over every copy that was asked for.</summary>
    private static async Task TakenOverAsync(ApplianceProcess appliance)
    {
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(300))
        {
            var copies = (await appliance.WaitForStateAsync("tailing", Patience)).GetProperty("copies");
            if (copies.GetArrayLength() == 0)
            {
                return;
            }

            watch.Elapsed.ShouldBeLessThan(Patience, copies.ToString());
            copies.ToString().ShouldNotContain("failed");
        }
    }

    /// <summary>The snapshot at the newest seam, of which the ranges tell too.</summary>
    private static async Task<JsonElement> SeamAsync(ApplianceProcess appliance)
    {
        var ranges = (await appliance.RunAsync("ranges", "rs0")).Succeeded().Json;
        var changes = ranges.GetProperty("changes").EnumerateArray().ToList();
        changes.Select(change => change.GetProperty("what").GetString()).ShouldContain("copied");
        var snapshots = (await appliance.RunAsync("snapshots", "rs0")).Succeeded().Json;
        var seam = snapshots
            .EnumerateArray()
            .First(one => one.GetProperty("trigger").GetString()!.StartsWith("copy of", StringComparison.Ordinal));
        seam.GetProperty("optime").ToString().ShouldBe(changes[^1].GetProperty("at").GetProperty("optime").ToString());
        return seam;
    }

    private async Task KillAsync(ApplianceProcess appliance, Random random)
    {
        var dice = random.Next(4);
        if (dice is 1 or 3)
        {
            output.WriteLine("kill -9 agent");
            appliance.KillAgents();
        }

        if (dice is 2 or 3)
        {
            output.WriteLine("kill -9 appliance");
            await appliance.KillAsync();
            appliance.ForgetOutput();
            appliance.Up();
            await appliance.WaitForOutputAsync("rs0/rs0: ", Patience);
        }
    }

    private static async Task<JsonElement> SnapshotAsync(ApplianceProcess appliance)
    {
        await appliance.WaitForStateAsync("tailing", Patience);
        return (await appliance.RunAsync("snapshot", "rs0", "--wait")).Succeeded().Json;
    }

    private int Seed()
    {
        var seed = Setting("BACKUP_TEST_SEED", Environment.TickCount & 0xffff);
        output.WriteLine($"BACKUP_TEST_SEED={seed}");
        return seed;
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), out var value) ? value : otherwise;
}

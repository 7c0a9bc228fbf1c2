using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Backup.Sandbox;
using Backup.Tests.EndToEnd.Writes;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace Backup.Tests.EndToEnd.Scale;

/// <summary>
/// Two servers and two daemons on one catalogue and one store, as processes of their own. BACKUP_TEST_KILL_SECONDS sets how long they are killed at random
/// (<c>./test kills [MINUTES] [SEED]</c>), BACKUP_TEST_SEED repeats a run.
/// </summary>
public sealed class ScaleOutTests(ITestOutputHelper output)
{
    private static readonly SandboxOptions Source = new()
    {
        ReplicaSetName = "rs0",
        KeepHistory = true,
        TransactionEntryBytes = 300,
    };

    [Fact]
    public async Task AKilledDaemonsHeadRunsElsewhereWithinAMinute()
    {
        await using var source = await TestSource.SandboxAsync(Source);
        await source.InsertAsync("shop", "orders", SourceContent.Many(2_000, new Random(1), 200, 1_000));
        await using var appliance = await ScaledAppliance.StartAsync(source);
        var keeper = await KeeperAsync(appliance);

        var watch = Stopwatch.StartNew();
        await appliance.Daemons[keeper].KillAsync();
        while (await KeeperAsync(appliance) == keeper)
        {
            watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(60));
            await Task.Delay(200);
        }

        output.WriteLine($"The head was taken over after {watch.Elapsed.TotalSeconds:0.0} s.");
        await source.InsertAsync("shop", "later", SourceContent.Many(100, new Random(2), 200, 1_000));
        // Of one server the snapshot, of the other what is restored from it.
        var snapshot = await SnapshotAsync(appliance.Servers[0]);
        await ModelCheck.SnapshotAsync(appliance.Servers[1], source.Sandbox, snapshot);

        // Back again it is asked to keep the head, and does.
        appliance.Start(appliance.Daemons[keeper]);
        await appliance.Daemons[keeper].WaitForOutputAsync("runs.");
        _ = await appliance.AskAsync("daemons", "move", "rs0", "--to", ScaledAppliance.NameOf(keeper));
        for (watch.Restart(); await KeeperAsync(appliance) != keeper; await Task.Delay(200))
        {
            watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(60));
        }

        await ModelCheck.SnapshotAsync(appliance.Servers[0], source.Sandbox, await SnapshotAsync(appliance.Servers[1]));
    }

    [Fact]
    public async Task AServerWithAnotherIdentityServesNobody()
    {
        await using var source = await TestSource.SandboxAsync(Source);
        await using var appliance = await ScaledAppliance.StartAsync(source);
        var second = appliance.Servers[1];
        (await second.StopAsync()).ShouldBe(0);

        Directory.Delete(Path.Combine(second.Data, "tls"), recursive: true);
        second.ForgetOutput();
        appliance.Start(second);
        await second.WaitForOutputAfterExitAsync("BK9755");
        Directory.Exists(Path.Combine(second.Data, "tls")).ShouldBeFalse("nothing is made in its place");

        Directory.CreateDirectory(Path.Combine(second.Data, "tls"));
        await using var other = new ApplianceProcess(source.Uri);
        other.Up();
        await other.WaitForOutputAsync("agents");
        File.Copy(Path.Combine(other.Data, "tls", "ca.pem"), Path.Combine(second.Data, "tls", "ca.pem"));
        second.ForgetOutput();
        appliance.Start(second);
        await second.WaitForOutputAfterExitAsync("BK9754");
    }

    [Fact]
    public async Task WhateverIsKilledNothingIsLost()
    {
        var random = new Random(Seed());
        var seconds = Setting("BACKUP_TEST_KILL_SECONDS", 0);
        var (end, isLong) = (TimeSpan.FromSeconds(seconds > 0 ? seconds : 30), seconds > 0);
        await using var source = await TestSource.SandboxAsync(Source);
        await source.InsertAsync("shop", "orders", SourceContent.Many(5_000, random, 200, 1_000));
        await using var appliance = await ScaledAppliance.StartAsync(source);
        await using var writes = LiveWrites.Start(source, random.Next());
        var snapshots = new List<JsonElement>();
        using var ending = new CancellationTokenSource();
        // It waits for each process that was killed until its silence is long enough: beside all else, and in long runs alone.
        var grooming = isLong ? Task.Run(() => GroomAsync(appliance, ending.Token)) : Task.CompletedTask;
        var kills = new RandomKills(appliance, new Random(random.Next()), Tell);
        await using (kills)
        {
            for (var watch = Stopwatch.StartNew(); watch.Elapsed < end; )
            {
                await writes.WaitAsync(random.Next(20, 100));
                snapshots.Add(await appliance.TryAsync(SnapshotAsync));
                Tell($"snapshot at {ModelCheck.OptimeOf(snapshots[^1])}, {snapshots.Count} so far");
                await CheckAsync(appliance, source, snapshots[random.Next(snapshots.Count)]);
            }
        }

        await ending.CancelAsync();
        await grooming;
        Tell($"{kills.Count} kills, {snapshots.Count} snapshots; {writes.Describe()}");
        kills.Count.ShouldBeGreaterThan(0);
        await appliance.WaitForTailingAsync();
        await writes.DisposeAsync();
        snapshots.Add(await appliance.TryAsync(server => RestoreCheck.SnapshotEqualsSourceAsync(server, source)));
        ModelCheck.OptimeOf(snapshots[^1]).ShouldBe(source.Sandbox.LastOptime);
        if (isLong)
        {
            _ = await appliance.AskAsync("store", "groom");
        }

        (await appliance.AskAsync("store", "check")).GetProperty("isWhole").GetBoolean().ShouldBeTrue();
        // Every snapshot that was acknowledged, whoever was killed since.
        foreach (var snapshot in snapshots)
        {
            await CheckAsync(appliance, source, snapshot);
        }
    }

    /// <summary>One after the other. While daemons are killed all the time hardly any comes to its end, and that is not what is shown here.</summary>
    private async Task GroomAsync(ScaledAppliance appliance, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                var groomed = await appliance.AskAsync("store", "groom");
                Tell(
                    $"groomed: {groomed.GetProperty("liveBlocks")} blocks live, {groomed.GetProperty("freedBytes")} bytes freed"
                );
            }
            catch (Exception unfinished) when (unfinished is TimeoutException or InvalidOperationException)
            {
                Tell("a groom did not come to its end");
            }
        }
    }

    private static async Task CheckAsync(ScaledAppliance appliance, TestSource source, JsonElement snapshot) =>
        _ = await appliance.TryAsync(async server =>
        {
            await ModelCheck.SnapshotAsync(server, source.Sandbox, snapshot);
            return true;
        });

    private static async Task<JsonElement> SnapshotAsync(ApplianceProcess server) =>
        (await server.RunAsync("snapshot", "rs0", "--wait")).Succeeded().Json;

    /// <summary>Which daemon keeps the head; -1: none.</summary>
    private static async Task<int> KeeperAsync(ScaledAppliance appliance)
    {
        var head = (await appliance.AskAsync("daemons", "heads")).EnumerateArray().Single();
        return head.TryGetProperty("daemon", out var daemon)
            ? Enumerable.Range(0, appliance.Daemons.Count).First(at => ScaledAppliance.NameOf(at) == daemon.GetString())
            : -1;
    }

    /// <summary>At once, too, where it takes long: who waits wants to see that it goes on.</summary>
    private void Tell(string line)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{TimeProvider.System.GetUtcNow():HH:mm:ss} {line}");
        output.WriteLine(text);
        if (Environment.GetEnvironmentVariable("BACKUP_TEST_SCHEDULES_LOG") is { } log)
        {
            File.AppendAllText(log, text + "\n");
        }
    }

    private int Seed()
    {
        var seed = Setting("BACKUP_TEST_SEED", Environment.TickCount & 0xffff);
        output.WriteLine($"BACKUP_TEST_SEED={seed}");
        return seed;
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value)
            ? value
            : otherwise;
}

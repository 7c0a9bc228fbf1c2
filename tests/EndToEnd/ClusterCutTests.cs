using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Backup.Foundation.Errors;
using Backup.Sandbox;
using Backup.Tests.Support;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace Backup.Tests.EndToEnd;

/// <summary>
/// Cuts through a sharded cluster on which money moves between accounts on different shards while chunks move: whatever is offered to be restored is
/// exact, and the balancer is as it was. BACKUP_TEST_CUTS sets how many there are, BACKUP_TEST_SEED when.
/// </summary>
public sealed class ClusterCutTests(ITestOutputHelper output)
{
    private const int FewCuts = 2;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>What the issue of a killed process asks for: the balancer is on again within a minute of recovery.</summary>
    private static readonly TimeSpan BalancerPatience = TimeSpan.FromMinutes(1);

    private static int Cuts => Setting("BACKUP_TEST_CUTS", FewCuts);

    [Fact]
    public async Task EveryCutOfASandboxClusterIsExact()
    {
        await using var source = await SandboxClusterSet.StartAsync(
            new SandboxClusterOptions
            {
                Routers = 2,
                BalancerInterval = TimeSpan.FromMilliseconds(200),
                OrphanDelay = TimeSpan.FromMilliseconds(200),
            }
        );
        await EveryCutIsExactAsync(source);
    }

    [RealClusterFact]
    public async Task EveryCutOfARealClusterIsExact()
    {
        await using var source = await RealShardedCluster.StartAsync(routers: 2, orphanDelay: TimeSpan.FromSeconds(1));
        await EveryCutIsExactAsync(source);
    }

    /// <summary>kill -9 of each process during a cut: no part of a cut is ever offered, and the balancer is on again.</summary>
    [RealClusterFact]
    public async Task NothingOfACutThatAKillBrokeOffIsOffered()
    {
        await using var source = await RealShardedCluster.StartAsync(routers: 2, orphanDelay: TimeSpan.FromSeconds(1));
        await using var scene = await SceneAsync(source);
        var kills = new (string What, Func<Task> Kill, Func<Task> Revive)[]
        {
            ("the agent", () => Task.FromResult(scene.Appliance.KillAgents()), () => Task.CompletedTask),
            (
                "the appliance",
                scene.Appliance.KillAsync,
                () =>
                {
                    scene.Appliance.Up();
                    return Task.CompletedTask;
                }
            ),
            ("a router", () => source.KillRouterAsync(0), () => source.StartRouterAsync(0)),
            ("a shard's primary", () => source.KillAsync("s1"), () => source.ReviveAsync("s1")),
            ("the config servers' primary", () => source.KillAsync("csrs"), () => source.ReviveAsync("csrs")),
        };
        var seed = Setting("BACKUP_TEST_SEED", Environment.TickCount & 0xffff);
        Tell($"BACKUP_TEST_SEED={seed}");
        var random = new Random(seed);
        // In a run of all tests there is time for one of them.
        var rounds = Cuts == FewCuts ? 1 : Math.Max(kills.Length, Cuts);
        for (var round = 0; round < rounds; round++)
        {
            var (what, kill, revive) = kills[(seed + round) % kills.Length];
            var cut = scene.Appliance.RunAsync("snapshot", scene.Name, "--wait");
            await Task.Delay(random.Next(100, 2500));
            Tell($"{round}: kill -9 of {what}");
            await kill();
            await Task.Delay(random.Next(100, 2000));
            await revive();
            var ended = await cut;
            Tell($"   the command ended with {ended.ExitCode}");
            await scene.FollowedAsync(Patience);
            Tell("   everything is followed again");
            await BalancerIsAsync(source, "full", BalancerPatience);
            await OfferedAreExactAsync(scene);
            Tell("   what is offered is exact");
        }

        // And it goes on.
        await CutAsync(scene);
    }

    private async Task EveryCutIsExactAsync(ShardedClusterUnderTest source)
    {
        await using var scene = await SceneAsync(source);
        var seed = Setting("BACKUP_TEST_SEED", Environment.TickCount & 0xffff);
        Tell($"BACKUP_TEST_SEED={seed}");
        var random = new Random(seed);
        var counts = new List<int>();
        for (var cut = 0; cut < Cuts; cut++)
        {
            await Task.Delay(random.Next(50, 1500));
            counts.Add(await CutAsync(scene));
            await BalancerIsAsync(source, "full", BalancerPatience);
        }

        counts.ShouldBeInOrder(SortDirection.Ascending, "each cut is later than the one before");
        counts[^1].ShouldBeGreaterThan(counts[0], "transfers went on");
        scene.Bank.Moved.ShouldBeGreaterThan(0);

        // Between cuts, too, at whatever second.
        await MomentsAreExactAsync(scene, random);

        // One that was off stays off.
        await source.RunAsync("admin", """{"balancerStop":1}""");
        await CutAsync(scene);
        await BalancerIsAsync(source, "off", TimeSpan.FromSeconds(1));
    }

    private async Task<int> CutAsync(Scene scene)
    {
        var watch = Stopwatch.StartNew();
        var snapshot = (await scene.Appliance.RunAsync("snapshot", scene.Name, "--wait")).Succeeded().Json;
        var taken = watch.Elapsed;
        var transfers = await BankCheck.RestoredAsync(
            scene.Appliance,
            scene.Name,
            scene.Bank,
            "--snapshot",
            BankCheck.Id(snapshot)
        );
        Tell(
            $"cut in {taken.TotalSeconds:0.0} s with {transfers} transfers; {scene.Bank.Committed} are done, {scene.Bank.Moved} chunks have moved"
        );
        return transfers;
    }

    private static async Task OfferedAreExactAsync(Scene scene)
    {
        var offered = (await scene.Appliance.RunAsync("snapshots", scene.Name)).Succeeded().Json;
        foreach (var snapshot in offered.EnumerateArray().Take(2))
        {
            await BankCheck.RestoredAsync(
                scene.Appliance,
                scene.Name,
                scene.Bank,
                "--snapshot",
                BankCheck.Id(snapshot)
            );
        }
    }

    private async Task MomentsAreExactAsync(Scene scene, Random random)
    {
        var ranges = (await scene.Appliance.RunAsync("ranges", scene.Name)).Succeeded().Json;
        Tell(ranges.ToString());
        var range = ranges.GetProperty("ranges").EnumerateArray().Last();
        var (from, to) = (Second(range, "from"), Second(range, "to"));
        for (var n = 0; n < Math.Max(2, Cuts / 4); n++)
        {
            var second = from.AddSeconds(random.Next((int)(to - from).TotalSeconds + 1));
            var text = second.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
            await BankCheck.RestoredAsync(scene.Appliance, scene.Name, scene.Bank, "--time", text);
        }
    }

    private static DateTimeOffset Second(JsonElement range, string end) =>
        range.GetProperty(end).GetProperty("time").GetDateTimeOffset();

    private static async Task BalancerIsAsync(ShardedClusterUnderTest source, string mode, TimeSpan atMost)
    {
        var watch = Stopwatch.StartNew();
        while (await ModeAsync(source) is var seen && seen != mode)
        {
            watch.Elapsed.ShouldBeLessThan(atMost, $"the balancer is not '{mode}' but '{seen}'");
            await Task.Delay(200);
        }
    }

    /// <summary>A router that was started again just now takes no connections yet.</summary>
    private static async Task<string> ModeAsync(ShardedClusterUnderTest source)
    {
        try
        {
            return (await source.RunAsync("admin", """{"balancerStatus":1}""")).View["mode"u8].AsString;
        }
        catch (BackupException failure)
        {
            return failure.Message;
        }
    }

    private static async Task<Scene> SceneAsync(ShardedClusterUnderTest source)
    {
        await source.RunAsync("admin", """{"balancerStart":1}""");
        var bank = await SandboxBankWorkload.StartAsync(
            source.ConnectionString,
            new SandboxBankOptions
            {
                Accounts = 60,
                Clerks = 3,
                Pause = TimeSpan.FromMilliseconds(10),
                MoveInterval = TimeSpan.FromMilliseconds(300),
            }
        );
        var appliance = new ApplianceProcess(source.ConnectionString);
        appliance.Up();
        var scene = new Scene(appliance, bank);
        try
        {
            await scene.FollowedAsync(Patience);
            return scene;
        }
        catch
        {
            await scene.DisposeAsync();
            throw;
        }
    }

    /// <summary>At once, too, where it takes long: who waits wants to see that it goes on.</summary>
    private void Tell(string line)
    {
        output.WriteLine(line);
        if (Environment.GetEnvironmentVariable("BACKUP_TEST_SCHEDULES_LOG") is { } log)
        {
            File.AppendAllText(log, $"{TimeProvider.System.GetUtcNow():HH:mm:ss} {line}\n");
        }
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value)
            ? value
            : otherwise;

    /// <summary>An appliance that protects a cluster with a bank on it.</summary>
    private sealed class Scene(ApplianceProcess appliance, SandboxBankWorkload bank) : IAsyncDisposable
    {
        internal ApplianceProcess Appliance => appliance;

        internal SandboxBankWorkload Bank => bank;

        /// <summary>Of the cluster; known once it was found.</summary>
        internal string Name { get; private set; } = "";

        /// <summary>Waits until every set is.</summary>
        internal async Task FollowedAsync(TimeSpan atMost)
        {
            var watch = Stopwatch.StartNew();
            string? seen;
            while ((seen = await StatesAsync()) is not null)
            {
                watch.Elapsed.ShouldBeLessThan(atMost, $"not every set is followed: {seen}\n{appliance.Output}");
                await Task.Delay(300);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await bank.DisposeAsync();
            await appliance.DisposeAsync();
        }

        /// <returns>What there is where not every set is followed.</returns>
        private async Task<string?> StatesAsync()
        {
            if (await HostSocket.StatusAsync(appliance.Data) is not { } status)
            {
                return "no answer";
            }

            var deployments = status.GetProperty("deployments").EnumerateArray().ToList();
            var cluster = deployments.FirstOrDefault(one => one.GetProperty("type").GetString() == "shardedCluster");
            var states = deployments
                .SelectMany(one => one.GetProperty("replicaSets").EnumerateArray())
                .Select(set => set.GetProperty("state").GetString())
                .ToList();
            if (
                cluster.ValueKind == JsonValueKind.Undefined
                || states.Count != 3
                || states.Any(one => one != "tailing")
            )
            {
                return status.ToString();
            }

            Name = cluster.GetProperty("name").GetString()!;
            return null;
        }
    }
}

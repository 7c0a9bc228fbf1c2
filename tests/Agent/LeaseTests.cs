using System.Diagnostics;
using Backup.Agent.Configuration;
using Backup.Foundation;
using Backup.Metadata;
using Backup.MongoWire.Bson;
using Shouldly;
using Xunit;

namespace Backup.Tests.Agent;

/// <summary>Several agents for one replica set: one works, the others wait for it to stop, to fall silent or to give up.</summary>
public sealed class LeaseTests
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);

    [Fact]
    public async Task AnAgentThatStopsGivesTheLeaseBackAndAnotherGoesOnAtOnce()
    {
        await using var all = await Appliance.StartAsync(with: options => options with { LeaseSilence = Silence });
        await all.ProtectAsync(all.Source.ConnectionString);
        _ = all.Source.Insert("shop", "orders", Appliance.Document(1));
        await using var first = new RunningAgent(all, all.Identity);
        var set = await all.ReplicaSetAsync(one => one.State == ReplicaSetState.CatchingUp);
        await using var second = new RunningAgent(all, await all.EnrolAsync());
        await PhaseAsync(all, second, "standing by");
        await PhaseAsync(all, first, "tailing");

        var watch = Stopwatch.StartNew();
        await first.DisposeAsync();
        _ = all.Source.Insert("shop", "orders", Appliance.Document(2));
        await PhaseAsync(all, second, "tailing");
        watch.Elapsed.ShouldBeLessThan(Silence, "nobody had to wait for it to be silent");
        await ShouldBeTheOplogAsync(all, set);
    }

    [Fact]
    public async Task AnAgentThatCannotReachTheSourceLetsAnotherTry()
    {
        await using var all = await Appliance.StartAsync(with: options => options with { LeaseSilence = Silence });
        await all.ProtectAsync("mongodb://127.0.0.1:1/?replicaSet=rs0");
        await using var first = new RunningAgent(all, all.Identity);
        _ = await all.UntilAsync(() => all.Metadata.Leases.FindAsync("d1"), "nobody takes the lease");
        await using var second = new RunningAgent(all, await all.EnrolAsync());
        _ = await all.UntilAsync(
            async () => (await all.Metadata.Leases.FindAsync("d1"))?.AgentId == second.Identity.AgentId ? "it" : null,
            "the lease is not given to the other"
        );
        all.Log.ToString().ShouldContain("lease yielded");
    }

    /// <summary>With kills at random, of either: the chain of slices is the source's oplog, nothing lost and nothing twice.</summary>
    [Fact]
    public async Task WhileTheLeaseChangesHandsAgainAndAgainEveryEntryArrivesOnce()
    {
        await using var all = await Appliance.StartAsync(with: options =>
            options with
            {
                LeaseSilence = TimeSpan.FromSeconds(2),
            }
        );
        await all.ProtectAsync(all.Source.ConnectionString);
        _ = all.Source.Insert("shop", "orders", Appliance.Document(0));
        AgentIdentity[] identities = [all.Identity, await all.EnrolAsync()];
        AgentProcess[] agents = [.. identities.Select((one, number) => new AgentProcess(all, one, $"agent{number}"))];
        try
        {
            var set = await all.ReplicaSetAsync(one => one.State == ReplicaSetState.CatchingUp);
            var written = 0;
            using var stop = new CancellationTokenSource();
            var writer = Task.Run(async () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    _ = all.Source.Insert("shop", "orders", Appliance.Document(++written, 2000));
                    await Task.Delay(2);
                }
            });
            for (var round = 0; round < 4; round++)
            {
                var holder = await HolderAsync(all, identities, not: null);
                if (round % 2 == 0)
                {
                    // Stopped in its tracks with slices on their way, overtaken, and let go on.
                    await agents[holder].SignalAsync("-STOP");
                    _ = await HolderAsync(all, identities, not: holder);
                    await agents[holder].SignalAsync("-CONT");
                    await Task.Delay(500);
                }
                else
                {
                    await agents[holder].DisposeAsync();
                    _ = await HolderAsync(all, identities, not: holder);
                    agents[holder] = new AgentProcess(all, identities[holder], $"agent{holder}");
                    await Task.Delay(500);
                }
            }

            await stop.CancelAsync();
            await writer;
            await ShouldBeTheOplogAsync(all, set);
            (await all.Metadata.Leases.FindAsync("d1"))!.Fence.ShouldBeGreaterThanOrEqualTo(5);
            (await all.Metadata.OplogSlices.HolesAsync(set.Id)).ShouldBeEmpty();
        }
        finally
        {
            foreach (var agent in agents)
            {
                await agent.DisposeAsync();
            }
        }
    }

    private static async Task<int> HolderAsync(Appliance all, AgentIdentity[] identities, int? not) =>
        int.Parse(
            await all.UntilAsync(
                async () =>
                {
                    var lease = await all.Metadata.Leases.FindAsync("d1");
                    var holder = Array.FindIndex(identities, one => one.AgentId == lease?.AgentId);
                    return holder < 0 || holder == not ? null : $"{holder}";
                },
                "nobody takes over"
            )
        );

    private static Task<AgentReport> PhaseAsync(Appliance all, RunningAgent agent, string phase) =>
        all.UntilAsync(
            async () =>
                (await all.Metadata.Deployments.AgentReportsAsync()).FirstOrDefault(one =>
                    one.AgentId == agent.Identity.AgentId && one.Phase == phase
                ),
            $"it is not {phase}"
        );

    private static async Task<List<Optime>> EntriesAsync(Appliance all, ReplicaSetRecord set)
    {
        var optimes = new List<Optime>();
        foreach (var slice in await all.Metadata.OplogSlices.AfterAsync(set.SyncId!, Optime.Zero, 100_000))
        {
            Collect(await all.RawAsync(slice.ObjectName, slice.RawLength), optimes);
        }

        return optimes;
    }

    private static void Collect(byte[] raw, List<Optime> optimes)
    {
        foreach (var entry in new BsonSequence(raw))
        {
            optimes.Add(OptimeOf(entry));
        }
    }

    /// <summary>Waits for the newest entry; then what was shipped is the source's oplog from the sync's begin on, entry for entry.</summary>
    private static async Task ShouldBeTheOplogAsync(Appliance all, ReplicaSetRecord set)
    {
        var oplog = all.Source.Oplog().Select(one => OptimeOf(one.View)).ToList();
        var sync = await all.UntilAsync(
            async () =>
            {
                var now = (await all.Metadata.Deployments.FindReplicaSetAsync(set.Id))!;
                var newest = await all.Metadata.OplogSlices.NewestAsync(now.SyncId!);
                return newest?.Last >= oplog[^1] ? now : null;
            },
            "not every entry arrives"
        );
        var shipped = (await EntriesAsync(all, sync)).TakeWhile(one => one <= oplog[^1]).ToList();
        shipped.ShouldBe(oplog.SkipWhile(one => one < shipped[0]));
    }

    private static Optime OptimeOf(BsonView entry) =>
        Optime.FromTimestamp(entry["ts"u8].AsTimestamp, entry["t"u8].AsInt64);

    /// <summary>An agent in this process.</summary>
    private sealed class RunningAgent : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _running;

        public RunningAgent(Appliance all, AgentIdentity identity)
        {
            Identity = identity;
            _running = all.RunAgentAsync(identity, _stop.Token);
        }

        public AgentIdentity Identity { get; }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running;
        }
    }
}

using Backup.Foundation;
using Backup.Metadata;
using Shouldly;
using Xunit;

namespace Backup.Tests.Agent;

/// <summary>An agent that is sent away comes again later, and what it ships keeps its order.</summary>
public sealed class BackPressureTests
{
    [Fact]
    public async Task WhatIsHeldBackComesLaterInItsOrderAndTheOplogGoesOnMeanwhile()
    {
        const int documents = 35;
        var asked = 0;
        var oplogMeanwhile = 0;
        await using var all = await Appliance.StartAsync(with: options =>
            options with
            {
                HoldCopies = () => Interlocked.Increment(ref asked) % 2 == 1 ? "a test" : null,
                Limits = options.Limits with { SlicesPerAgent = 1 },
            }
        );
        for (var id = 0; id < documents; id++)
        {
            _ = all.Source.Insert("shop", "orders", Appliance.Document(id, 1 << 20));
        }

        all.Store.Stored = name =>
        {
            oplogMeanwhile += name.StartsWith("oplog/", StringComparison.Ordinal) ? 1 : 0;
            return Task.CompletedTask;
        };
        await all.ProtectAsync(all.Source.ConnectionString);
        all.StartAgent();
        var set = await all.ReplicaSetAsync(one => one.State == ReplicaSetState.InitialSync);
        using var stop = new CancellationTokenSource();
        var writing = WriteAsync(all, stop.Token);
        await all.ReplicaSetAsync(one => one.State == ReplicaSetState.CatchingUp);
        await stop.CancelAsync();
        var written = await writing;

        asked.ShouldBeGreaterThanOrEqualTo(6, "each slice was held back once");
        oplogMeanwhile.ShouldBeGreaterThan(2);
        (await ResumeTests.CopiedIdsAsync(all, set, "shop.orders"))
            .Where(id => id < documents)
            .ShouldBe(Enumerable.Range(0, documents));
        var newest = await all.UntilAsync(
            async () =>
            {
                var slices = await all.Metadata.OplogSlices.AfterAsync(
                    (await all.ReplicaSetAsync(_ => true)).SyncId!,
                    Optime.Zero,
                    1000
                );
                return slices.Sum(slice => slice.Entries) >= written ? slices : null;
            },
            "the oplog does not come"
        );
        newest.Select(slice => slice.Sequence).ShouldBe(Enumerable.Range(0, newest.Count).Select(n => (long)n));
        newest.Zip(newest.Skip(1)).ShouldAllBe(pair => pair.Second.Previous == pair.First.Last);
    }

    private static async Task<int> WriteAsync(Appliance all, CancellationToken stop)
    {
        var written = 0;
        for (; !stop.IsCancellationRequested; written++)
        {
            _ = all.Source.Insert("shop", "orders", Appliance.Document(1_000_000 + written, 100));
            await Task.Delay(20, CancellationToken.None);
        }

        return written;
    }
}

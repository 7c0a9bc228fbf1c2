using Backup.MongoWire.Bson;
using Backup.Sandbox.Sharding.Catalogue;

namespace Backup.Sandbox.Sharding.Moves;

/// <summary>Moves chunks by itself, round after round, while <c>config.settings</c> does not say that it is off.</summary>
internal sealed class Balancer(SandboxCluster cluster)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10);
    private volatile bool _isInRound;
    private long _rounds;

    /// <summary>Whoever changes chunks has it: one after the other.</summary>
    public SemaphoreSlim Moving { get; } = new(1);

    public bool IsInRound => _isInRound;

    public long Rounds => Interlocked.Read(ref _rounds);

    /// <summary>Moves a chunk that a client, or a round, names; one after the other.</summary>
    /// <exception cref="CommandFault">96</exception>
    public async Task MoveAsync(
        ShardedCollection collection,
        Chunk chunk,
        string to,
        bool waitForDelete,
        CancellationToken cancellation
    )
    {
        await Moving.WaitAsync(cancellation);
        try
        {
            var now = cluster.Config.Catalogue.Collection(collection.Namespace);
            if (now?.Chunks.FirstOrDefault(one => one.Id == chunk.Id && one.Range == chunk.Range) is not { } known)
            {
                throw new CommandFault(96, "OperationFailed", "The chunk is another one meanwhile");
            }

            // It is not left half-done when the client goes.
            await new Migration(cluster, now, known, to).RunAsync(waitForDelete, cluster.Stopping);
        }
        finally
        {
            Moving.Release();
        }
    }

    public async Task StartAsync(CancellationToken cancellation) => await SwitchAsync(isOn: true, cancellation);

    /// <summary>Switches it off and waits for the round that is running.</summary>
    /// <param name="limit">How long it waits.</param>
    /// <exception cref="CommandFault">50 where the round runs on; then it is off all the same.</exception>
    public async Task StopAsync(TimeSpan limit, CancellationToken cancellation)
    {
        await SwitchAsync(isOn: false, cancellation);
        for (var started = cluster.Time.GetTimestamp(); _isInRound; await Task.Delay(Look, cluster.Time, cancellation))
        {
            if (cluster.Time.GetElapsedTime(started) >= limit)
            {
                throw new CommandFault(50, "MaxTimeMSExpired", "operation exceeded time limit");
            }
        }
    }

    public async Task RunAsync(CancellationToken stopping)
    {
        while (true)
        {
            await Task.Delay(cluster.Options.BalancerInterval, cluster.Time, stopping);
            try
            {
                if (cluster.Config.Catalogue.IsBalancerOn)
                {
                    await RoundAsync(stopping);
                }
            }
            catch (CommandFault)
            {
                // The config servers have no primary; the next round.
            }
        }
    }

    private async Task RoundAsync(CancellationToken stopping)
    {
        var started = cluster.Time.GetTimestamp();
        _isInRound = true;
        try
        {
            var (moved, failed) = (0, false);
            var plan = BalancePlan.Of(cluster.Config.Catalogue).ToList();
            foreach (var (collection, chunk, to) in plan)
            {
                try
                {
                    if (cluster.Config.Catalogue.IsBalancerOn)
                    {
                        await MoveAsync(collection, chunk, to, waitForDelete: false, stopping);
                        moved++;
                    }
                }
                catch (CommandFault)
                {
                    failed = true;
                }
            }

            await cluster.Faults.EndBalancerRoundAsync(stopping);
            Interlocked.Increment(ref _rounds);
            if (plan.Count > 0)
            {
                var took = (int)cluster.Time.GetElapsedTime(started).TotalMilliseconds;
                await cluster.Config.WriteAsync(
                    writer =>
                        writer.LogAction(
                            "balancer.round",
                            BsonDocument.Build(w =>
                            {
                                w.Int32("executionTimeMillis"u8, took).Boolean("errorOccured"u8, failed);
                                w.Int32("candidateChunks"u8, plan.Count).Int32("chunksMoved"u8, moved);
                            })
                        ),
                    stopping
                );
            }
        }
        finally
        {
            _isInRound = false;
        }
    }

    private Task SwitchAsync(bool isOn, CancellationToken cancellation) =>
        cluster.Config.WriteAsync(writer => writer.Switch(isOn), cancellation);
}

using Backup.Sandbox.Sharding.Catalogue;
using Backup.Sandbox.Sharding.Shards;
using Backup.Sandbox.Storage;

namespace Backup.Sandbox.Sharding.Moves;

/// <summary>Removes a chunk's documents where they are nobody's any more.</summary>
internal sealed class RangeDeletion(SandboxCluster cluster, ShardedCollection collection, KeyRange range, string shard)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);
    private const int Batch = 128;

    /// <summary>Waits for cursors that still read them, then removes them.</summary>
    /// <param name="before">What the shard owned when they were its own; null: nobody reads them.</param>
    public async Task RunAsync(OwnedCollection? before, CancellationToken cancellation)
    {
        await cluster.Faults.BeforeRangeDeletionAsync(cancellation);
        var members = cluster.Link(shard).Set.Members;
        while (before is not null && members.Any(member => member.Cursors.Any(before)))
        {
            await Task.Delay(Look, cluster.Time, cancellation);
        }

        await RemoveAsync(isArriving: false, cancellation);
    }

    /// <summary>Removes, at once, what is in the way of a chunk that is about to arrive.</summary>
    public Task ClearAsync(CancellationToken cancellation) => RemoveAsync(isArriving: true, cancellation);

    private async Task RemoveAsync(bool isArriving, CancellationToken cancellation)
    {
        while (await cluster.Link(shard).WriteAsync(engine => RemoveSome(engine, isArriving), cancellation) == Batch)
        {
            // More are left.
        }
    }

    private int RemoveSome(Engine engine, bool isArriving)
    {
        var own = engine.Find(collection.Namespace);
        if (own is null || own.Uuid != collection.Uuid)
        {
            return 0;
        }

        // The chunk may have come back meanwhile, or be on its way back.
        var role = cluster.Role(shard);
        var goes = ChunkDocuments
            .Of(engine, collection, range)
            .Where(record => role.Of(collection.Namespace) is not { } owned || !owned.Owns(record.Document))
            .Where(record => isArriving || !role.IsReceiving(collection, record.Document))
            .Take(Batch)
            .ToList();
        engine.CheckFree(own, goes);
        foreach (var record in goes)
        {
            engine.Delete(own, record, origin: null, fromMigrate: true);
        }

        return goes.Count;
    }
}

using Backup.Blockstore;
using Backup.Foundation;
using Backup.Metadata;
using Backup.Oplog.Catalogues;
using Backup.Snapshots.Heads;
using Backup.Snapshots.Manifests;

namespace Backup.Daemon.Heads;

/// <summary>
/// Builds a head out of an initial sync, beside the copy: each collection's slices become its base run as they come in. The head is
/// stored together with the sync's end; before that, nothing of the sync's slices is deleted.
/// </summary>
internal sealed class SyncBuilder(
    IMetadataStore metadata,
    IBlockStore blocks,
    IObjectStore objects,
    HeadOptions headOptions,
    int parallelism,
    TimeProvider time
)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(250);

    // Looking at thousands of collections takes its time: at most a fifth of it all.
    private const int PauseRatio = 4;
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    /// <summary>Works until the sync is built.</summary>
    /// <returns>The stored head and the bytes that were new in the blockstore; null where the sync was given up for another.</returns>
    internal async Task<HeadRecord?> BuildAsync(ReplicaSetRecord set, SyncRecord sync, CancellationToken cancellation)
    {
        var before = blocks.Statistics.NewBytes;
        var collections = SyncCatalogue.Read(await metadata.Syncs.CatalogueAsync(sync.Id, cancellation));
        var builds = collections
            .Select(c => new CollectionBuild(metadata, blocks, objects, c, sync.Id, headOptions))
            .ToDictionary(build => build.Uuid);
        try
        {
            return await BuildCollectionsAsync(builds, sync.Id, cancellation) is { } copied
                ? await StoreAsync(set, copied, collections, builds, before, cancellation)
                : null;
        }
        finally
        {
            foreach (var build in builds.Values)
            {
                await build.DisposeAsync();
            }
        }
    }

    private async Task<SyncRecord?> BuildCollectionsAsync(
        Dictionary<Guid, CollectionBuild> builds,
        string syncId,
        CancellationToken cancellation
    )
    {
        using var slots = new SemaphoreSlim(parallelism);
        while (true)
        {
            var seen = metadata.ChangeCount;
            var started = time.GetTimestamp();
            var sync = await metadata.Syncs.FindAsync(syncId, cancellation);
            if (sync is null or { State: SyncState.Abandoned })
            {
                return null;
            }

            var ranges = await metadata.Syncs.CollectionsAsync(syncId, cancellation);
            var looked = time.GetElapsedTime(started);
            foreach (var group in ranges.GroupBy(range => range.Collection))
            {
                var all = group.ToList();
                if (builds.TryGetValue(group.Key, out var build) && build.HasWork(all))
                {
                    await build.ObserveAsync();
                    await slots.WaitAsync(cancellation);
                    build.Start(all, slots, cancellation);
                }
            }

            foreach (var build in builds.Values.Where(build => build.IsIdle))
            {
                await build.ObserveAsync();
            }

            var copied = ranges.Select(range => range.Collection).ToHashSet();
            if (
                sync.State == SyncState.Copied
                && builds.Values.All(b => b.Result is not null || !copied.Contains(b.Uuid))
            )
            {
                return sync;
            }

            // Slices come many a second: what came in within one pause is consumed together.
            await Task.Delay(
                looked * PauseRatio < LongestPause ? looked * PauseRatio : LongestPause,
                time,
                cancellation
            );
            await metadata.WaitForChangeAsync(seen, Poll, cancellation);
        }
    }

    private async Task<HeadRecord> StoreAsync(
        ReplicaSetRecord set,
        SyncRecord sync,
        IReadOnlyList<CatalogueCollection> collections,
        Dictionary<Guid, CollectionBuild> builds,
        long newBytesBefore,
        CancellationToken cancellation
    )
    {
        using var head = Head.Create(
            blocks,
            new ReplicaSetIdentity(
                set.Name,
                set.SetId,
                set.MongoVersion,
                set.FeatureCompatibilityVersion,
                set.StorageEngine
            ),
            headOptions
        );
        foreach (var collection in collections)
        {
            head.Catalogue.Set(collection);
            head.SetBaseRun(collection.Uuid, builds[collection.Uuid].Result);
        }

        // The entry at Begin is still to be applied: the head stands just before it.
        var before = new Optime(sync.Begin.T, sync.Begin.I - 1, sync.Begin.Term);
        var position = new HeadPosition(before, before, Consistent: false, sync.Begin, sync.End!.Value);
        var flushed = await head.FlushAsync(position, cancellation);
        var record = new HeadRecord(
            set.Id,
            sync.Id,
            flushed.Manifest.ToString(),
            before,
            before,
            Consistent: false,
            blocks.Statistics.NewBytes - newBytesBefore,
            time.GetUtcNow()
        );
        await metadata.Syncs.BuiltAsync(sync.Id, record, cancellation);
        await objects.DeletePrefixAsync(SliceNames.SyncPrefix(sync.Id), cancellation);
        return record;
    }
}

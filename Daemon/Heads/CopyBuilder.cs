using Backup.Blockstore;
using Backup.Metadata;
using Backup.Oplog.Catalogues;
using Backup.Snapshots.Heads;

namespace Backup.Daemon.Heads;

/// <summary>What the copy of a sync became.</summary>
/// <param name="Sync">Copied: its end is known.</param>
/// <param name="Collections">As the agent listed them.</param>
/// <param name="Runs">By UUID; null for a collection that was empty. Not durable before the next flush.</param>
internal sealed record BuiltCopy(
    SyncRecord Sync,
    IReadOnlyList<CatalogueCollection> Collections,
    IReadOnlyDictionary<Guid, BaseRun?> Runs
);

/// <summary>Turns the copy of a sync, of everything or of some collections, into base runs, while its slices come in.</summary>
internal sealed class CopyBuilder(
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

    /// <summary>Works until the whole copy is built.</summary>
    /// <returns>Null where the sync was given up.</returns>
    internal async Task<BuiltCopy?> BuildAsync(string syncId, CancellationToken cancellation)
    {
        var collections = SyncCatalogue.Read(await metadata.Syncs.CatalogueAsync(syncId, cancellation));
        var builds = collections
            .Select(c => new CollectionBuild(metadata, blocks, objects, c, syncId, headOptions))
            .ToDictionary(build => build.Uuid);
        try
        {
            return await BuildCollectionsAsync(builds, syncId, cancellation) is { } copied
                ? new BuiltCopy(copied, collections, builds.ToDictionary(one => one.Key, one => one.Value.Result))
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
}

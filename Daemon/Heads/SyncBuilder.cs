using Backup.Blockstore;
using Backup.Foundation;
using Backup.Metadata;
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
    /// <summary>Works until the sync is built.</summary>
    /// <returns>The stored head and the bytes that were new in the blockstore; null where the sync was given up for another.</returns>
    internal async Task<HeadRecord?> BuildAsync(ReplicaSetRecord set, SyncRecord sync, CancellationToken cancellation)
    {
        // Nothing refers to what is built before the head is stored.
        using var work = blocks.Holds.Begin();
        var before = blocks.Statistics.NewBytes;
        var builder = new CopyBuilder(metadata, blocks, objects, headOptions, parallelism, time);
        return await builder.BuildAsync(sync.Id, cancellation) is { } copy
            ? await StoreAsync(set, copy, before, cancellation)
            : null;
    }

    private async Task<HeadRecord> StoreAsync(
        ReplicaSetRecord set,
        BuiltCopy copy,
        long newBytesBefore,
        CancellationToken cancellation
    )
    {
        var sync = copy.Sync;
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
        head.Filters = NamespaceFilters.Of(sync.Order?.Wanted);
        foreach (var collection in copy.Collections)
        {
            head.Catalogue.Set(collection);
            head.SetBaseRun(collection.Uuid, copy.Runs[collection.Uuid]);
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

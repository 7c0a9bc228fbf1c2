using Backup.Blockstore;
using Backup.Blockstore.Files;
using Backup.Blockstore.Packs;
using Backup.Cli.Stores;
using Backup.Metadata;

namespace Backup.Cli.Appliance;

/// <summary>What of an imported catalogue is not beside it any more: it was removed after the export.</summary>
/// <param name="MissingRoots">Snapshots and heads whose blocks are gone, for people.</param>
/// <param name="AbandonedSyncs">Copies that begin anew, since what was stored of them is gone.</param>
/// <param name="RemovedSlices">Stored slices of the oplog that are gone, and do not count any more.</param>
internal sealed record ImportFindings(
    IReadOnlyList<string> MissingRoots,
    IReadOnlyList<string> AbandonedSyncs,
    int RemovedSlices
)
{
    /// <summary>Looks for what the catalogue refers to, and mends the catalogue where that is gone for a reason: an oplog begins later, a copy begins anew.</summary>
    /// <param name="metadata">The catalogue, not in use yet.</param>
    /// <param name="place">Where blocks and slices are; nothing is looked at where that is not on this host.</param>
    /// <param name="cancellation">Gives up.</param>
    internal static async Task<ImportFindings> LookAsync(
        IMetadataStore metadata,
        StorePlace place,
        CancellationToken cancellation
    )
    {
        if (place is not PackPlace packs)
        {
            return new ImportFindings([], [], RemovedSlices: 0);
        }

        var abandoned = new List<string>();
        var removed = 0;
        if (Directory.Exists(packs.Slices))
        {
            var objects = new FileObjectStore(packs.Slices);
            foreach (var set in await metadata.Deployments.ReplicaSetsAsync(cancellation))
            {
                foreach (var sync in await metadata.Syncs.ListAsync(set.Id, cancellation))
                {
                    if (sync.IsOpen && await LacksSliceAsync(metadata, objects, sync.Id, cancellation))
                    {
                        await metadata.Syncs.AbandonAsync(sync.Id, cancellation);
                        abandoned.Add(set.Name);
                        continue;
                    }

                    removed += await CutAsync(metadata, objects, sync.Id, cancellation);
                }
            }
        }

        return new ImportFindings(await MissingAsync(metadata, packs.Blocks, cancellation), abandoned, removed);
    }

    private static async Task<bool> LacksSliceAsync(
        IMetadataStore metadata,
        FileObjectStore objects,
        string syncId,
        CancellationToken cancellation
    )
    {
        foreach (var collection in await metadata.Syncs.CollectionsAsync(syncId, cancellation))
        {
            var slices = await metadata.Syncs.SlicesAsync(syncId, collection.Collection, cancellation);
            if (slices.Any(one => one.Range == collection.Range && !objects.Contains(one.ObjectName)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Slices that were given up since: the stored oplog begins behind the last one of them that is gone.</summary>
    private static async Task<int> CutAsync(
        IMetadataStore metadata,
        FileObjectStore objects,
        string syncId,
        CancellationToken cancellation
    )
    {
        const int together = 1000;
        var (after, begin, isCut) = (Foundation.Optime.Zero, Foundation.Optime.Zero, false);
        while (await metadata.OplogSlices.AfterAsync(syncId, after, together, cancellation) is { Count: > 0 } some)
        {
            foreach (var slice in some)
            {
                if (objects.Contains(slice.ObjectName))
                {
                    // They go in their order: what follows one that is there is there.
                    return isCut ? await metadata.OplogSlices.RemoveBeforeAsync(syncId, begin, cancellation) : 0;
                }

                isCut = true;
                begin = new Foundation.Optime(slice.Last.T, slice.Last.I + 1, slice.Last.Term);
            }

            after = some[^1].Last;
        }

        return isCut ? await metadata.OplogSlices.RemoveBeforeAsync(syncId, begin, cancellation) : 0;
    }

    private static async Task<IReadOnlyList<string>> MissingAsync(
        IMetadataStore metadata,
        string folder,
        CancellationToken cancellation
    )
    {
        if (!Directory.Exists(folder))
        {
            return [.. (await metadata.ManifestsAsync(cancellation)).Select(static one => one.Name)];
        }

        var missing = new List<string>();
        await using var blocks = await PackBlockStore.OpenAsync(folder, new PackStoreOptions(), cancellation);
        foreach (var one in await metadata.ManifestsAsync(cancellation))
        {
            if (!BlockId.TryParse(one.ManifestBlock, out var block) || !await blocks.ContainsAsync(block, cancellation))
            {
                missing.Add(one.Name);
            }
        }

        return missing;
    }
}

using Backup.Blockstore;
using Backup.Blockstore.Sealing;
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
    /// <param name="places">Where blocks and slices are.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="Foundation.Errors.BackupException">Those of a store that cannot be opened.</exception>
    internal static async Task<ImportFindings> LookAsync(
        IMetadataStore metadata,
        IReadOnlyList<StorePlace> places,
        CancellationToken cancellation
    )
    {
        // Where there is none, slices were not lost one by one: they are brought back, or the store is another one.
        var (abandoned, removed) = places.Any(static one => one.MayHaveSlices)
            ? await MendAsync(metadata, places, cancellation)
            : ([], 0);
        return new ImportFindings(await MissingAsync(metadata, places, cancellation), abandoned, removed);
    }

    private static async Task<(IReadOnlyList<string> Abandoned, int Removed)> MendAsync(
        IMetadataStore metadata,
        IReadOnlyList<StorePlace> places,
        CancellationToken cancellation
    )
    {
        var abandoned = new List<string>();
        var removed = 0;
        await using var slices = await OpenSlices.OpenAsync(
            places,
            metadata.GroupStores,
            static (_, _) => throw new InvalidOperationException("Slices are listed alone."),
            cancellation
        );
        foreach (var set in await metadata.Deployments.ReplicaSetsAsync(cancellation))
        {
            foreach (var sync in await metadata.Syncs.ListAsync(set.Id, cancellation))
            {
                if (sync.IsOpen && await LacksSliceAsync(metadata, slices.Store, sync.Id, cancellation))
                {
                    await metadata.Syncs.AbandonAsync(sync.Id, cancellation);
                    abandoned.Add(set.Name);
                    continue;
                }

                removed += await CutAsync(metadata, slices.Store, sync.Id, cancellation);
            }
        }

        return (abandoned, removed);
    }

    private static async Task<bool> LacksSliceAsync(
        IMetadataStore metadata,
        IObjectStore objects,
        string syncId,
        CancellationToken cancellation
    )
    {
        var there = await NamesAsync(objects, SliceNames.SyncPrefix(syncId), cancellation);
        foreach (var collection in await metadata.Syncs.CollectionsAsync(syncId, cancellation))
        {
            var slices = await metadata.Syncs.SlicesAsync(syncId, collection.Collection, cancellation);
            if (slices.Any(one => one.Range == collection.Range && !there.Contains(one.ObjectName)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Slices that were given up since: the stored oplog begins behind the last one of them that is gone.</summary>
    private static async Task<int> CutAsync(
        IMetadataStore metadata,
        IObjectStore objects,
        string syncId,
        CancellationToken cancellation
    )
    {
        const int together = 1000;
        HashSet<string>? there = null;
        var (after, begin, isCut) = (Foundation.Optime.Zero, Foundation.Optime.Zero, false);
        while (await metadata.OplogSlices.AfterAsync(syncId, after, together, cancellation) is { Count: > 0 } some)
        {
            there ??= await NamesAsync(objects, SliceNames.OplogPrefix(syncId), cancellation);
            foreach (var slice in some)
            {
                if (there.Contains(slice.ObjectName))
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

    /// <summary>Some 150 bytes of memory a name.</summary>
    private static async Task<HashSet<string>> NamesAsync(
        IObjectStore objects,
        string prefix,
        CancellationToken cancellation
    )
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var name in objects.ListAsync(prefix, cancellation))
        {
            names.Add(name);
        }

        return names;
    }

    /// <summary>What is in none of the stores.</summary>
    private static async Task<IReadOnlyList<string>> MissingAsync(
        IMetadataStore metadata,
        IReadOnlyList<StorePlace> places,
        CancellationToken cancellation
    )
    {
        var missing = new List<string>();
        await using var blocks = await OpenShelf.OpenAsync(places, NoSealingKeys.Instance, fence: null, cancellation);
        foreach (var one in await metadata.ManifestsAsync(cancellation))
        {
            if (
                !BlockId.TryParse(one.ManifestBlock, out var block)
                || !await blocks.Shelf.ContainsAsync(block, cancellation)
            )
            {
                missing.Add(one.Name);
            }
        }

        return missing;
    }
}

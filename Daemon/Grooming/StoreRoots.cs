using Backup.Blockstore;
using Backup.Blockstore.Grooming;
using Backup.Blockstore.Shelf;
using Backup.Metadata;
using Backup.Snapshots;
using Backup.Snapshots.Manifests;

namespace Backup.Daemon.Grooming;

/// <summary>
/// What of the block store is needed: whatever the catalogue refers to, as of one moment, and the heads of its newest export. What is in work (heads with their runs, merges, initial syncs,
/// copies, parts of cuts, restores, what is served) holds its blocks itself.
/// </summary>
/// <param name="metadata">The catalogue.</param>
/// <param name="blocks">Of all stores, where there are several: a root in one refers to blocks in another while its group moves.</param>
/// <param name="time">The clock.</param>
/// <param name="store">The name of the one of several that is asked for; null: of all.</param>
internal sealed class StoreRoots(IMetadataStore metadata, IBlockStore blocks, TimeProvider time, string? store = null)
    : IShelvedRoots
{
    public IBlockRoots Of(string name) => new StoreRoots(metadata, blocks, time, name);

    /// <exception cref="Foundation.Errors.BackupException">4003 where a reference is no id of a block.</exception>
    public async Task<IReadOnlyList<BlockRoot>> ListAsync(CancellationToken cancellation = default)
    {
        // In this order: what is assigned to the store between the two is put into it, and held, by work that began after this groom.
        var elsewhere = store is null ? [] : await ElsewhereAsync(store, cancellation);
        // In this order, too: an export that is made meanwhile is of heads that are listed, or it is waited for.
        var manifests = await metadata.ManifestsAsync(cancellation);
        return
        [
            .. manifests
                .Concat(await ExportedHeads.ListAsync(metadata, time, cancellation))
                .Where(one => !elsewhere.Contains(one.ReplicaSetId))
                .Select(static one =>
                    BlockId.TryParse(one.ManifestBlock, out var manifest)
                        ? new BlockRoot(manifest, one.Name, one.IsHold)
                        : throw SnapshotsErrors.Manifest($"the {one.Name} refers to no block", one.ManifestBlock)
                ),
        ];
    }

    public Task TraceAsync(BlockId root, IBlockMarks marks, CancellationToken cancellation = default) =>
        BlockTracer.TraceAsync(blocks, root, marks, cancellation);

    /// <summary>Replica sets of groups that have nothing in that store.</summary>
    private async Task<HashSet<string>> ElsewhereAsync(string name, CancellationToken cancellation)
    {
        // A store that is configured under another name than before may be any of these.
        var known = (blocks as StoreShelf)?.Stores.Select(static one => one.Name).ToHashSet(StringComparer.Ordinal);
        var groups = (await metadata.GroupStores.ListAsync(cancellation))
            .Where(one => !one.MayBeIn(name) && known?.IsSupersetOf([one.Store, .. one.From]) != false)
            .Select(static one => one.GroupId)
            .ToHashSet(StringComparer.Ordinal);
        if (groups.Count == 0)
        {
            return [];
        }

        var deployments = (await metadata.Deployments.ListAsync(cancellation))
            .Where(one => groups.Contains(one.GroupId))
            .Select(static one => one.Id)
            .ToHashSet(StringComparer.Ordinal);
        return
        [
            .. (await metadata.Deployments.ReplicaSetsAsync(cancellation))
                .Where(set => deployments.Contains(set.DeploymentId))
                .Select(static set => set.Id),
        ];
    }
}

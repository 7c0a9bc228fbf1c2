using Backup.Blockstore;
using Backup.Blockstore.Grooming;
using Backup.Metadata;
using Backup.Snapshots;
using Backup.Snapshots.Manifests;

namespace Backup.Daemon.Grooming;

/// <summary>
/// What of the block store is needed: whatever the catalogue refers to, as of one moment, and the heads of its newest export. What is in work (heads with their runs, merges, initial syncs,
/// copies, parts of cuts, restores, what is served) holds its blocks itself.
/// </summary>
internal sealed class StoreRoots(IMetadataStore metadata, IBlockStore blocks) : IBlockRoots
{
    /// <exception cref="Foundation.Errors.BackupException">4003 where a reference is no id of a block.</exception>
    public async Task<IReadOnlyList<BlockRoot>> ListAsync(CancellationToken cancellation = default) =>
        [
            .. (await metadata.ManifestsAsync(cancellation))
                .Concat(await ExportedHeads.ListAsync(metadata, cancellation))
                .Select(static one =>
                    BlockId.TryParse(one.ManifestBlock, out var manifest)
                        ? new BlockRoot(manifest, one.Name, one.IsHold)
                        : throw SnapshotsErrors.Manifest($"the {one.Name} refers to no block", one.ManifestBlock)
                ),
        ];

    public Task TraceAsync(BlockId root, IBlockMarks marks, CancellationToken cancellation = default) =>
        BlockTracer.TraceAsync(blocks, root, marks, cancellation);
}

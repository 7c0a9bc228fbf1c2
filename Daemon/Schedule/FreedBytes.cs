using Backup.Blockstore;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.Snapshots.Manifests;
using Backup.Snapshots.Reading;

namespace Backup.Daemon.Schedule;

/// <summary>How many bytes a snapshot has for itself.</summary>
/// <param name="metadata">The catalogue of everything.</param>
/// <param name="blocks">Manifests.</param>
public sealed class FreedBytes(IMetadataStore metadata, IBlockStore blocks)
{
    /// <summary>
    /// Bytes of the runs that neither the snapshots next to it nor the head have. A run is written, used for a while and merged away, so no other one has it
    /// either; but blocks of it may be those of other runs, too: what becomes free is at most that. Reads manifests, no data.
    /// </summary>
    /// <returns>Null where a manifest cannot be read.</returns>
    public async Task<long?> AtMostAsync(SnapshotRecord snapshot, CancellationToken cancellation = default)
    {
        using var look = blocks.Holds.Look();
        var own = (await metadata.Snapshots.ListAsync(snapshot.ReplicaSetId, cancellation))
            .Where(one => one.SyncId == snapshot.SyncId)
            .ToList();
        var index = own.FindIndex(one => one.Id == snapshot.Id);
        var head = await metadata.Heads.FindAsync(snapshot.ReplicaSetId, cancellation);
        string?[] others =
        [
            index > 0 ? own[index - 1].ManifestBlock : null,
            index >= 0 && index + 1 < own.Count ? own[index + 1].ManifestBlock : null,
            head?.SyncId == snapshot.SyncId ? head.ManifestBlock : null,
        ];
        try
        {
            var shared = new HashSet<BlockId>();
            foreach (var other in others.OfType<string>().Distinct())
            {
                var manifest = await OpenAsync(other, snapshot.Id, cancellation);
                shared.UnionWith(manifest.Collections.SelectMany(one => one.Runs).Select(run => run.Root));
            }

            return (await OpenAsync(snapshot.ManifestBlock, snapshot.Id, cancellation))
                .Collections.SelectMany(one => one.Runs)
                .DistinctBy(run => run.Root)
                .Where(run => !shared.Contains(run.Root))
                .Sum(run => run.Statistics.StoredBytes);
        }
        catch (BackupException)
        {
            // What cannot be read any more can still be deleted.
            return null;
        }
    }

    private async Task<SnapshotManifest> OpenAsync(string block, string id, CancellationToken cancellation) =>
        BlockId.TryParse(block, out var manifest)
            ? (await SnapshotReader.OpenAsync(blocks, manifest, cancellation)).Manifest
            : throw DaemonErrors.NoSnapshot(id);
}

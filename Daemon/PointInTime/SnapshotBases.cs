using Backup.Blockstore;
using Backup.Foundation;
using Backup.Metadata;
using Backup.Snapshots.Reading;

namespace Backup.Daemon.PointInTime;

/// <summary>What a snapshot is as the base of a moment after it.</summary>
internal sealed class SnapshotBases(IBlockStore blocks)
{
    /// <summary>Where to start reading the oplog to go on from it, every open transaction whole.</summary>
    /// <exception cref="Foundation.Errors.BackupException">9005 and those of reading a manifest, for a snapshot of an early release.</exception>
    internal async ValueTask<Optime> ReplayFromAsync(SnapshotRecord snapshot, CancellationToken cancellation)
    {
        if (snapshot.ReplayFrom is { } known)
        {
            return known;
        }

        var reader = await SnapshotReader.OpenAsync(blocks, ManifestOf(snapshot), cancellation);
        return reader.Manifest.Position.ReplayFrom;
    }

    /// <exception cref="Foundation.Errors.BackupException">9005.</exception>
    internal static BlockId ManifestOf(SnapshotRecord snapshot) =>
        BlockId.TryParse(snapshot.ManifestBlock, out var manifest)
            ? manifest
            : throw DaemonErrors.NoSnapshot(snapshot.Id);
}

using Backup.WebUI.Contracts;

namespace Backup.WebUI.Desks;

/// <summary>Snapshots, and the moments between them.</summary>
public interface ISnapshotDesk
{
    /// <summary>Of a replica set, newest first.</summary>
    Task<IReadOnlyList<SnapshotView>> SnapshotsAsync(string replicaSet, CancellationToken cancellation);

    /// <summary>Of a cluster, newest first.</summary>
    Task<IReadOnlyList<ClusterSnapshotView>> ClusterSnapshotsAsync(
        string cluster,
        bool all,
        CancellationToken cancellation
    );

    /// <summary>Takes one as soon as can be.</summary>
    /// <param name="subject">The replica set, or the cluster.</param>
    /// <param name="keep">How many seconds it is kept, whatever the policy says; null: the policy decides.</param>
    /// <param name="cancellation">Gives up.</param>
    Task<JobView> RequestSnapshotAsync(string subject, long? keep, CancellationToken cancellation);

    /// <summary>Reads a snapshot back, whole.</summary>
    Task<JobView> RequestVerificationAsync(string snapshot, CancellationToken cancellation);

    /// <summary>Pins it, or gives it an end of its own; a cluster's as a whole.</summary>
    Task<SnapshotKeepingView> ChangeKeepingAsync(
        string snapshot,
        SnapshotChange change,
        CancellationToken cancellation
    );

    /// <summary>What would go with a snapshot; nothing is changed.</summary>
    Task<DeletionView> PreviewDeletionAsync(string snapshot, CancellationToken cancellation);

    /// <summary>Deletes it, a cluster's with all its parts.</summary>
    /// <param name="snapshot">Its id.</param>
    /// <param name="evenLast">Where it is the only one, too.</param>
    /// <param name="cancellation">Gives up.</param>
    Task<DeletionView> DeleteAsync(string snapshot, bool evenLast, CancellationToken cancellation);

    /// <summary>Which moments can be restored, and why others cannot.</summary>
    Task<RangesView> RangesAsync(string subject, CancellationToken cancellation);
}

namespace Backup.Metadata;

/// <summary>Sharded clusters: what they are made of, their balancers, and the cuts through all of their sets.</summary>
public interface IClusters
{
    Task<ClusterRecord?> FindAsync(string deploymentId, CancellationToken cancellation = default);

    Task<IReadOnlyList<ClusterRecord>> ListAsync(CancellationToken cancellation = default);

    /// <summary>
    /// Stores what was found of a cluster, in one step: its deployment is one of that type from now on; each set has a deployment of its own, made where it
    /// is missing (one of this group with the same URI is taken), under the URI it has now, protected again where it was removed; those of sets that are no
    /// longer there are removed. The debt stays.
    /// </summary>
    /// <param name="found">Of a deployment that is there (6009), and that is protected.</param>
    /// <param name="members">Config servers and shards, each with its <see cref="Deployment.Cluster"/>.</param>
    /// <param name="cancellation">Nothing was changed then.</param>
    /// <returns>What is stored.</returns>
    /// <exception cref="Foundation.Errors.BackupException">6017 where another cluster is found behind the URI than before.</exception>
    Task<ClusterRecord> FoundAsync(
        ClusterRecord found,
        IReadOnlyList<Deployment> members,
        CancellationToken cancellation = default
    );

    /// <summary>
    /// The cut goes from Wanted to Stopping, and where the balancer was on, or is owed its start already, it is owed it for this cut: in one step, before
    /// anybody stops it. False, and nothing changed, where the cut is not Wanted.
    /// </summary>
    Task<bool> StopBalancerAsync(string cutId, bool wasOn, CancellationToken cancellation = default);

    /// <summary>The balancer is on again. False, and nothing changed, while a cut of that cluster is Stopping or Marking: it is to stay at rest then.</summary>
    Task<bool> BalancerStartedAsync(string clusterId, CancellationToken cancellation = default);

    /// <summary>Adds a cut that is Wanted; 6016 while another one of that cluster is open.</summary>
    Task AddCutAsync(CutRecord cut, CancellationToken cancellation = default);

    Task<CutRecord?> FindCutAsync(string id, CancellationToken cancellation = default);

    /// <summary>The one that is neither Complete nor Failed.</summary>
    Task<CutRecord?> OpenCutAsync(string clusterId, CancellationToken cancellation = default);

    /// <summary>Newest first, those that failed too.</summary>
    Task<IReadOnlyList<CutRecord>> CutsAsync(string clusterId, CancellationToken cancellation = default);

    /// <summary>The newest complete cut of kind <see cref="CutKind.Snapshot"/> of each cluster that has one.</summary>
    Task<IReadOnlyList<CutRecord>> NewestSnapshotsAsync(CancellationToken cancellation = default);

    /// <summary>Stores state, time, balancer and flags of an open cut. False, and nothing changed, where it is not in the state <paramref name="from"/>.</summary>
    /// <param name="next">In an open state.</param>
    Task<bool> AdvanceCutAsync(CutRecord next, CutState from, CancellationToken cancellation = default);

    /// <summary>
    /// Keeps what one head gave for a Settled cut: nothing offers it. Another one of the same replica set takes its place. False, and nothing changed,
    /// where the cut is not Settled or the replica set is none of its.
    /// </summary>
    Task<bool> AddPartAsync(string cutId, SnapshotRecord part, CancellationToken cancellation = default);

    /// <summary>As <see cref="AddPartAsync"/>, for whoever works under no head's lease: what it has built is recorded only where that still stands on what it was built upon.</summary>
    /// <exception cref="Foundation.Errors.BackupException">6320, 6324: nothing was changed; it is to be built anew.</exception>
    Task<bool> AddBuiltPartAsync(
        string cutId,
        SnapshotRecord part,
        PartPremise premise,
        CancellationToken cancellation = default
    );

    Task<IReadOnlyList<SnapshotRecord>> PartsAsync(string cutId, CancellationToken cancellation = default);

    /// <summary>
    /// The cut goes from Settled to Complete, and its parts become snapshots that expire with it, in one step. False, and nothing changed, where it is not
    /// Settled or, of a <see cref="CutKind.Snapshot"/>, where a part of one of its sets is missing.
    /// </summary>
    Task<bool> CompleteCutAsync(string cutId, DateTimeOffset? expiresAt, CancellationToken cancellation = default);

    /// <summary>An open cut fails, and its parts go, in one step. False, and nothing changed, where it is not open.</summary>
    Task<bool> FailCutAsync(
        string cutId,
        string code,
        string message,
        string hint,
        CancellationToken cancellation = default
    );

    /// <summary>Changes what somebody wants of a cluster's snapshot, all parts of it, in one step, and gives what is stored.</summary>
    /// <exception cref="Foundation.Errors.BackupException">6009 where there is no complete snapshot with that id.</exception>
    Task<CutRecord> KeepCutAsync(string cutId, KeepingChange change, CancellationToken cancellation = default);

    /// <summary>
    /// Removes a cut whose time is over, with its snapshots, in one step. False, and nothing changed, where it is gone or open, pinned, where one of its
    /// parts is read by somebody now, where it is the only snapshot of the cluster, or where its end is another one than was seen.
    /// </summary>
    /// <param name="seen">As it was when that was decided.</param>
    /// <param name="cancellation">Nothing was changed then.</param>
    Task<bool> ExpireCutAsync(CutRecord seen, CancellationToken cancellation = default);

    /// <summary>Removes a cluster's snapshot, all parts of it, in one step, since somebody wants it, whatever the policy says.</summary>
    /// <param name="cutId">Of a complete one.</param>
    /// <param name="evenLast">Also where it is the only one of the cluster.</param>
    /// <param name="cancellation">Nothing was changed then.</param>
    /// <exception cref="Foundation.Errors.BackupException">6009 none, 6151 the only one, 6152 somebody reads a part of it, 6153 pinned: nothing is changed then.</exception>
    Task DeleteCutAsync(string cutId, bool evenLast, CancellationToken cancellation = default);

    /// <summary>Removes a cut that is not open, with its snapshots, in one step; 6009 where there is none, 6016 where it is open.</summary>
    Task RemoveCutAsync(string cutId, CancellationToken cancellation = default);
}

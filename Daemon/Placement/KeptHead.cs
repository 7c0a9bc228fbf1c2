using Backup.Daemon.Heads;
using Backup.Foundation.Errors;
using Backup.Metadata;

namespace Backup.Daemon.Placement;

/// <summary>A head that this daemon keeps, and the lease that it keeps it under.</summary>
internal sealed class KeptHead : IAsyncDisposable
{
    private HeadReport? _told;

    /// <param name="services">Of its group.</param>
    /// <param name="lease">That was granted.</param>
    /// <param name="sessions">With shared stores, that it was granted under.</param>
    internal KeptHead(HeadServices services, HeadLease lease, IReadOnlyList<Guid> sessions)
    {
        Lease = lease;
        var proof = new HeadProof(lease.ReplicaSetId, lease.DaemonId!, lease.Fence) { StoreSessions = sessions };
        Keeper = new HeadKeeper(services with { Metadata = services.Metadata.Under(proof) }, lease.ReplicaSetId);
    }

    internal HeadLease Lease { get; }

    internal HeadKeeper Keeper { get; }

    /// <summary>How it is now, where that is something else than what was told last.</summary>
    internal HeadReport? News()
    {
        var trouble = Keeper.Trouble;
        var known = trouble as BackupException ?? (trouble is null ? null : DaemonErrors.Defect(trouble));
        var report = new HeadReport(
            Lease.ReplicaSetId,
            Lease.Fence,
            Keeper.Live,
            known?.Code,
            known?.Message,
            known?.Hint
        );
        return report == _told ? null : report;
    }

    internal void Told(HeadReport report) => _told = report;

    public ValueTask DisposeAsync() => Keeper.DisposeAsync();
}

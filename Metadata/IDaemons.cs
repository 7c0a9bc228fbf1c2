namespace Backup.Metadata;

/// <summary>The daemons that work on this catalogue. Each says again and again that it is there; whether one has fallen silent is judged by the others.</summary>
public interface IDaemons
{
    /// <summary>
    /// Counts a sign of life, and adds the daemon where it is not known. A known one keeps its <see cref="DaemonRecord.Drains"/>; another run of it begins its
    /// <see cref="DaemonRecord.Renewals"/> anew.
    /// </summary>
    /// <param name="report">What it says of itself.</param>
    /// <param name="heads">How the heads are that it keeps; those whose lease it does not hold any more are passed over.</param>
    /// <param name="cancellation">Nothing was changed then.</param>
    Task<DaemonRecord> SeenAsync(
        DaemonReport report,
        IReadOnlyList<HeadReport> heads,
        CancellationToken cancellation = default
    );

    /// <summary>By name.</summary>
    Task<IReadOnlyList<DaemonRecord>> ListAsync(CancellationToken cancellation = default);

    /// <summary>That run of the daemon stops: it gives back every head. Nothing happens where another run has begun, or where it is not known.</summary>
    Task LeaveAsync(string daemonId, string session, CancellationToken cancellation = default);

    /// <summary>Whether it is to give its heads to others and take none; 6009 where there is no such daemon.</summary>
    Task DrainAsync(string daemonId, bool drains, CancellationToken cancellation = default);

    /// <summary>Forgets a daemon that is gone for good, and gives back its heads; where it is not gone it says so by its next sign of life. 6009 where there is none.</summary>
    Task ForgetAsync(string daemonId, CancellationToken cancellation = default);
}

/// <summary>Which daemon keeps the head of which replica set. Every change is a compare-and-set: of two that try at the same time one succeeds.</summary>
public interface IHeadLeases
{
    /// <summary>As it was stored last, given back or not; null where it was neither granted nor wished for.</summary>
    Task<HeadLease?> FindAsync(string replicaSetId, CancellationToken cancellation = default);

    Task<IReadOnlyList<HeadLease>> ListAsync(CancellationToken cancellation = default);

    /// <summary>
    /// Grants the lease anew, with the next fencing number, where what is stored still has the fence of <paramref name="seen"/>; null, and nothing changed,
    /// where it has not. A wish that it be kept by this daemon is fulfilled by that.
    /// </summary>
    /// <param name="replicaSetId">Whose head; 6009 where there is none.</param>
    /// <param name="daemonId">Who gets it.</param>
    /// <param name="session">Which run of that daemon.</param>
    /// <param name="seen">What the decision was made on; null: it was never granted.</param>
    /// <param name="storeSessions">Those with shared block stores under which it will keep the head; none unless given. 6320 where one is revoked.</param>
    /// <param name="cancellation">Nothing was changed then.</param>
    Task<HeadLease?> GrantAsync(
        string replicaSetId,
        string daemonId,
        string session,
        HeadLease? seen,
        IReadOnlyCollection<Guid>? storeSessions = null,
        CancellationToken cancellation = default
    );

    /// <summary>Gives the lease back: nobody keeps the head, and nothing more is written of it under this grant. False where it is over already.</summary>
    Task<bool> ReleaseAsync(HeadLease held, CancellationToken cancellation = default);

    /// <summary>From now on that daemon is to keep the head: whoever has it gives it back, the other takes it. Null: whoever likes. 6009 where one of them is not known.</summary>
    Task WishAsync(string replicaSetId, string? daemonId, CancellationToken cancellation = default);
}

using Backup.Foundation;

namespace Backup.Metadata;

/// <summary>What a daemon says of itself with every sign of life.</summary>
/// <param name="Id">Its name: unique among daemons, the same after a restart.</param>
/// <param name="Session">This run of it.</param>
/// <param name="Host">Where it runs.</param>
/// <param name="Version">Of the product.</param>
/// <param name="Weight">How much it takes beside others, 1 to 1000; twice the weight, twice the heads.</param>
/// <param name="FreeBytes">On the disk of its own folder.</param>
/// <param name="StartedAt">This run.</param>
public sealed record DaemonReport(
    string Id,
    string Session,
    string Host,
    string Version,
    int Weight,
    long FreeBytes,
    DateTimeOffset StartedAt
);

/// <param name="Report">What it said last.</param>
/// <param name="Drains">It is to give its heads to others.</param>
/// <param name="Renewals">Signs of life of this run: who sees it stand still sees a silent daemon, whatever any wall clock says.</param>
/// <param name="SeenAt">For people; nothing is decided by it.</param>
/// <param name="StoppedAt">When it said that it stops; null while it runs, or was killed.</param>
public sealed record DaemonRecord(
    DaemonReport Report,
    bool Drains,
    long Renewals,
    DateTimeOffset SeenAt,
    DateTimeOffset? StoppedAt
);

/// <summary>
/// Which daemon keeps a head. Whether it has fallen silent is judged by the others, each with a clock of its own; what keeps the data right is
/// <paramref name="Fence"/> alone.
/// </summary>
/// <param name="ReplicaSetId">Whose head.</param>
/// <param name="DaemonId">Who keeps it; null where it was given back.</param>
/// <param name="Session">The run of the daemon that keeps or kept it: one that was started again is another keeper.</param>
/// <param name="Fence">From 1, 0 before the first grant; greater by one with every grant. Writes under an older one are refused.</param>
/// <param name="Wish">Who is to keep it; null: whoever likes.</param>
/// <param name="GrantedAt">For people; nothing is decided by it.</param>
/// <param name="Live">What the head held at its keeper's last sign of life, beyond its last checkpoint too; null before it holds anything.</param>
/// <param name="TroubleCode">What it is being tried again for; null while all is well.</param>
/// <param name="TroubleMessage">As TroubleCode.</param>
/// <param name="TroubleHint">As TroubleCode.</param>
public sealed record HeadLease(
    string ReplicaSetId,
    string? DaemonId,
    string Session,
    long Fence,
    string? Wish,
    DateTimeOffset GrantedAt,
    Optime? Live = null,
    string? TroubleCode = null,
    string? TroubleMessage = null,
    string? TroubleHint = null
);

/// <summary>How a head is that a daemon keeps.</summary>
/// <param name="ReplicaSetId">Whose.</param>
/// <param name="Fence">Of the lease that it is kept under.</param>
/// <param name="Live">As of <see cref="HeadLease.Live"/>.</param>
/// <param name="TroubleCode">As of <see cref="HeadLease.TroubleCode"/>.</param>
/// <param name="TroubleMessage">As TroubleCode.</param>
/// <param name="TroubleHint">As TroubleCode.</param>
public sealed record HeadReport(
    string ReplicaSetId,
    long Fence,
    Optime? Live,
    string? TroubleCode = null,
    string? TroubleMessage = null,
    string? TroubleHint = null
);

/// <summary>What a daemon proves with that it is the one that keeps a head: the lease it was granted.</summary>
public sealed record HeadProof(string ReplicaSetId, string DaemonId, long Fence)
{
    /// <summary>Those that the lease was granted under (<see cref="IHeadLeases.GrantAsync"/>): known here, their end is seen before that of the lease.</summary>
    public IReadOnlyCollection<Guid> StoreSessions { get; init; } = [];
}

using System.Text.Json.Serialization;

namespace Backup.WebUI.Contracts;

/// <param name="ReplicaSet">The name of the set, or of the cluster.</param>
/// <param name="IntervalSeconds">From one snapshot to the next.</param>
/// <param name="Reference">A time at which a snapshot is due.</param>
/// <param name="KeepSeconds">How long every snapshot is kept; 0: not for being one.</param>
/// <param name="WindowSeconds">How far back every moment can be restored; 0: none.</param>
/// <param name="NextDue">When the next snapshot is due.</param>
public sealed record PolicyView(
    string ReplicaSet,
    long IntervalSeconds,
    DateTimeOffset Reference,
    long KeepSeconds,
    long WindowSeconds,
    DateTimeOffset NextDue
)
{
    /// <summary>
    /// HH:mm or HH:mm:ss: due at this time of every day by the clocks of the zone, and every interval from it. Left out of a policy of an early release:
    /// every interval before and after the reference.
    /// </summary>
    public string? At { get; init; }

    /// <summary>IANA name of the time zone whose days, weeks and months count, and whose clocks.</summary>
    public string Zone { get; init; } = "UTC";

    /// <summary>How long the last snapshot of each day is kept; 0: not for being that.</summary>
    public long DailySeconds { get; init; }

    /// <summary>How long the last snapshot of each week is kept; 0: not for being that.</summary>
    public long WeeklySeconds { get; init; }

    /// <summary>How long the last snapshot of each month is kept; 0: not for being that.</summary>
    public long MonthlySeconds { get; init; }

    /// <summary>The last day of a week: sunday to saturday.</summary>
    public string WeekEnds { get; init; } = "sunday";

    /// <summary>How often the newest snapshot is read back whole and proven; 0: only when somebody asks.</summary>
    public long VerifySeconds { get; init; }

    /// <summary>Of a cluster: from one checkpoint to the next, 0: none are made; left out of a replica set.</summary>
    public long? CheckpointSeconds { get; init; }

    /// <summary>Of a cluster: flag or refuse, what becomes of a snapshot whose balancer cannot be stopped; left out of a replica set.</summary>
    public string? Balancer { get; init; }
}

/// <summary>What is to become different of a policy; null stays as it is. The fields are those of <see cref="PolicyView"/>.</summary>
public sealed record PolicyChange(
    long? IntervalSeconds,
    DateTimeOffset? Reference,
    long? KeepSeconds,
    long? WindowSeconds
)
{
    /// <summary>HH:mm or HH:mm:ss; not together with a reference, which says the same by a moment.</summary>
    public string? At { get; init; }

    public string? Zone { get; init; }

    public long? DailySeconds { get; init; }

    public long? WeeklySeconds { get; init; }

    public long? MonthlySeconds { get; init; }

    public string? WeekEnds { get; init; }

    public long? VerifySeconds { get; init; }

    /// <summary>Of a cluster; 0: no checkpoints.</summary>
    public long? CheckpointSeconds { get; init; }

    /// <summary>Of a cluster.</summary>
    public string? Balancer { get; init; }

    [JsonIgnore]
    public bool IsEmpty => this == new PolicyChange(null, null, null, null);
}

/// <summary>What a policy would do; nothing is changed by asking.</summary>
/// <param name="Policy">As it would be.</param>
/// <param name="NextDue">When the next snapshots would be due, oldest first.</param>
/// <param name="Kept">How many snapshots would be kept.</param>
/// <param name="Expiring">Those that would be removed at the next round, newest first.</param>
/// <param name="LostMoments">Moments that can be restored now and could not any more, oldest first.</param>
public sealed record PolicyPreviewView(
    PolicyView Policy,
    IReadOnlyList<DueView> NextDue,
    int Kept,
    IReadOnlyList<ExpiringView> Expiring,
    IReadOnlyList<LostMomentsView> LostMoments
);

/// <param name="At">The moment.</param>
/// <param name="Local">The same by the clocks of the policy's zone, with their distance from UTC.</param>
public sealed record DueView(DateTimeOffset At, DateTimeOffset Local);

/// <param name="Id">Of the snapshot, of a cluster that of the whole.</param>
/// <param name="CreatedAt">When it was taken.</param>
/// <param name="Anyway">Whether the policy that is in force removes it, too.</param>
public sealed record ExpiringView(string Id, DateTimeOffset CreatedAt, bool Anyway);

/// <param name="From">The first of them.</param>
/// <param name="To">The first after them that can still be restored; where none can, the last of them.</param>
public sealed record LostMomentsView(MomentView From, MomentView To);

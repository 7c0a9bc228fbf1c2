namespace Backup.WebUI.Contracts;

/// <param name="ExpiresAt">When its time is over by its own end or by the policy as it is; left out where no time says that.</param>
public sealed record SnapshotView(
    string Id,
    string ReplicaSet,
    OptimeView Optime,
    long Documents,
    long RawBytes,
    long NewBytes,
    long StoredBytes,
    double DurationSeconds,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt,
    string Trigger
)
{
    /// <summary>What it holds of the source: what all of these include; left out where that is everything.</summary>
    public IReadOnlyList<FilterView>? Filters { get; init; }

    /// <summary>Of a part of a cluster's snapshot the id of that; left out of a snapshot of the replica set alone.</summary>
    public string? PartOf { get; init; }

    /// <summary>Since when it is pinned; left out while it is not.</summary>
    public DateTimeOffset? PinnedAt { get; init; }

    /// <summary>Why it is kept; none: it is removed at the next round.</summary>
    public IReadOnlyList<KeptView>? Kept { get; init; }
}

/// <summary>A reason to keep a snapshot.</summary>
/// <param name="Reason">
/// base, daily, weekly, monthly: the policy's rows; own-end: somebody gave it an end; pinned; last: it is the newest one; point-in-time: moments of the
/// window are replayed from it; read: somebody reads it now; unprotected: nothing new would take its place; unknown-zone:
/// this machine does not know the policy's time zone.
/// </param>
/// <param name="Until">As long as that holds; left out where no time says so.</param>
public sealed record KeptView(string Reason, DateTimeOffset? Until);

/// <summary>What somebody wants of a snapshot beside the policy; what is left out stays as it is.</summary>
/// <param name="Pinned">Whether it is kept until it is unpinned.</param>
/// <param name="ExpiresAt">Its own end: kept until then, gone after it, whatever the policy says.</param>
public sealed record SnapshotChange(bool? Pinned = null, DateTimeOffset? ExpiresAt = null)
{
    /// <summary>It has no end of its own any more: the policy decides.</summary>
    public bool ByPolicy { get; init; }
}

/// <summary>How long a snapshot is kept, and why.</summary>
/// <param name="Id">Of the snapshot, of a cluster that of the whole.</param>
/// <param name="ReplicaSet">The name of the set, or of the cluster.</param>
/// <param name="IsCluster">Whether it is a snapshot of a cluster.</param>
/// <param name="PinnedAt">Since when it is pinned; left out while it is not.</param>
/// <param name="ExpiresAt">When its time is over; left out where no time says that.</param>
/// <param name="Kept">Why it is kept; none: it is removed at the next round.</param>
public sealed record SnapshotKeepingView(
    string Id,
    string ReplicaSet,
    bool IsCluster,
    DateTimeOffset? PinnedAt,
    DateTimeOffset? ExpiresAt,
    IReadOnlyList<KeptView> Kept
);

/// <summary>What would go with a snapshot; nothing is changed by asking.</summary>
/// <param name="Id">Of the snapshot, of a cluster that of the whole.</param>
/// <param name="ReplicaSet">The name of the set, or of the cluster.</param>
/// <param name="IsCluster">Whether it is a snapshot of a cluster, with all parts of it.</param>
/// <param name="CreatedAt">When it was taken.</param>
/// <param name="FreeBytes">What becomes free in the store, at most; left out where that cannot be told.</param>
/// <param name="LostMoments">Moments that can be restored now and could not any more, oldest first.</param>
/// <param name="IsLast">Whether it is the only one: it is deleted by force alone.</param>
public sealed record DeletionView(
    string Id,
    string ReplicaSet,
    bool IsCluster,
    DateTimeOffset CreatedAt,
    long? FreeBytes,
    IReadOnlyList<LostMomentsView> LostMoments,
    bool IsLast
);

using Backup.Foundation;

namespace Backup.Metadata;

/// <summary>What happened to a head's contents beside the oplog. Frozen: the numbers are persisted.</summary>
public enum TimelineEventKind
{
    /// <summary>A collection's documents were replaced by a fresh copy.</summary>
    Copied = 0,

    /// <summary>A fresh copy was asked for, and the source had no such collection.</summary>
    NotFound = 1,

    /// <summary>A collection is no longer backed up, by a filter that was changed.</summary>
    Left = 2,

    /// <summary>Another filter is in force.</summary>
    Filter = 3,

    /// <summary>A collection is no longer backed up, since it was renamed to a name that the filter leaves out. The oplog says so too.</summary>
    RenamedAway = 4,
}

/// <summary>Something that whoever reads a timeline must know of.</summary>
/// <param name="ReplicaSetId">The replica set.</param>
/// <param name="SyncId">The sync that the head grew from.</param>
/// <param name="At">From this entry on it holds; moments before it are as they were.</param>
/// <param name="Kind">See <see cref="TimelineEventKind"/>.</param>
/// <param name="Namespace">Of the collection; null where it is not about one.</param>
/// <param name="Text">For people.</param>
/// <param name="RecordedAt">When it was written down.</param>
public sealed record TimelineEvent(
    string ReplicaSetId,
    string SyncId,
    Optime At,
    TimelineEventKind Kind,
    string? Namespace,
    string Text,
    DateTimeOffset RecordedAt
)
{
    /// <summary>
    /// Whether replaying the oplog over a base from before it gives another state than the head has: moments at and after it need a base
    /// that is not before it.
    /// </summary>
    public bool IsSeam => Kind is not TimelineEventKind.RenamedAway;
}

/// <summary>
/// A place where a head was changed by something else than the oplog: a state that comes from its snapshot alone. All of it is stored in one step.
/// </summary>
/// <param name="Snapshot">Of the head right after the change, at its optime.</param>
/// <param name="Events">What was changed; each at the snapshot's optime.</param>
/// <param name="PartialSyncId">The partial sync that is built by it; null where it was none.</param>
public sealed record Seam(SnapshotRecord Snapshot, IReadOnlyList<TimelineEvent> Events, string? PartialSyncId);

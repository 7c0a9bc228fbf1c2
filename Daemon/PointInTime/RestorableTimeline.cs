using Backup.Foundation;
using Backup.Metadata;

namespace Backup.Daemon.PointInTime;

/// <summary>A stretch of the timeline of which every moment can be restored.</summary>
/// <param name="SyncId">The initial sync that it grew from.</param>
/// <param name="From">The first moment: the oldest snapshot from which the stored oplog goes on.</param>
/// <param name="To">The last moment: the newest stored entry, or the last one that could be applied.</param>
public sealed record RestorableRange(string SyncId, Optime From, Optime To);

/// <summary>A stretch of which no moment can be restored.</summary>
/// <param name="From">The last restorable moment before it.</param>
/// <param name="To">The first restorable moment after it; null where there is none yet.</param>
/// <param name="Kind">Why.</param>
/// <param name="Code">The number of the error that made it, where it was one.</param>
/// <param name="Cause">Why, for people.</param>
/// <param name="Namespace">Of a gap in one collection: every other one can be restored. Null for one in everything.</param>
public sealed record RestorableGap(
    Optime From,
    Optime? To,
    HoleKind Kind,
    string? Code,
    string Cause,
    string? Namespace
);

/// <summary>What of a replica set can be restored to any moment.</summary>
/// <param name="Ranges">Oldest first; they do not touch.</param>
/// <param name="Gaps">Oldest first: those between ranges and after the last one, and those of single collections.</param>
/// <param name="Events">What was done to the head beside the oplog, oldest first.</param>
public sealed record RestorableTimeline(
    IReadOnlyList<RestorableRange> Ranges,
    IReadOnlyList<RestorableGap> Gaps,
    IReadOnlyList<TimelineEvent> Events
);

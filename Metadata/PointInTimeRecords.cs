using Backup.Foundation;

namespace Backup.Metadata;

/// <summary>Why a part of the timeline cannot be restored. Frozen: the numbers are persisted.</summary>
public enum HoleKind
{
    /// <summary>The source's oplog rolled over entries that were not shipped yet.</summary>
    OplogLost = 0,

    /// <summary>The source rolled back entries that were shipped.</summary>
    RolledBack = 1,

    /// <summary>An initial sync was asked for: the copy before it ends, the new one begins later.</summary>
    Resync = 2,

    /// <summary>The head could not apply an entry; no moment after it can be restored until it goes on.</summary>
    HeadStopped = 3,

    /// <summary>One collection can no longer be followed: every other one can be restored.</summary>
    CollectionLost = 4,
}

/// <summary>A part of the timeline that cannot be restored.</summary>
/// <param name="ReplicaSetId">The replica set.</param>
/// <param name="From">The last entry that can be restored before it.</param>
/// <param name="To">The first entry that is there after it; zero while that is not known: the hole is open.</param>
/// <param name="Cause">For people.</param>
/// <param name="At">When it was found.</param>
/// <param name="Kind">See <see cref="HoleKind"/>.</param>
/// <param name="SyncId">The sync whose oplog ends there (or, of one collection, lacks it); empty where it is not known.</param>
/// <param name="Code">The number of the error that made it, for example <c>BK7010</c>; null where it was no error.</param>
/// <param name="Namespace">Of a hole in one collection; null for one in everything.</param>
public sealed record OplogHole(
    string ReplicaSetId,
    Optime From,
    Optime To,
    string Cause,
    DateTimeOffset At,
    HoleKind Kind = HoleKind.OplogLost,
    string SyncId = "",
    string? Code = null,
    string? Namespace = null
)
{
    public bool IsOpen => To.IsZero;
}

/// <summary>The stored oplog of a sync: every entry after <paramref name="Previous"/> up to and including <paramref name="Last"/>, without a gap.</summary>
/// <param name="Previous">Just before the oldest slice; of a sync's very first slice its own first entry.</param>
/// <param name="First">The oldest entry.</param>
/// <param name="Last">The newest entry.</param>
public sealed record OplogExtent(Optime Previous, Optime First, Optime Last)
{
    /// <summary>Whether every entry from that one on is there, where that one is an entry of the source's oplog.</summary>
    public bool ReachesBackTo(Optime from) => First <= from || Previous < from;
}

/// <summary>
/// Somebody reads: the oplog slices of a sync from a place on, and the blocks of a manifest, stay until the hold is released or runs
/// out.
/// </summary>
/// <param name="Id">Of the reader's choice.</param>
/// <param name="ReplicaSetId">The replica set.</param>
/// <param name="SyncId">The sync whose slices are read.</param>
/// <param name="From">Slices that hold this entry or later ones stay.</param>
/// <param name="ManifestBlock">Hex id of the manifest that is read.</param>
/// <param name="Until">Renewed while the reader lives.</param>
public sealed record ReadHold(
    string Id,
    string ReplicaSetId,
    string SyncId,
    Optime From,
    string ManifestBlock,
    DateTimeOffset Until
)
{
    internal const string BurstPrefix = "burst-";

    /// <summary>It keeps the moment before a burst (<see cref="Alerting.BurstRecord"/>): nobody reads now, and nobody renews it.</summary>
    public bool IsOfBurst => Id.StartsWith(BurstPrefix, StringComparison.Ordinal);
}

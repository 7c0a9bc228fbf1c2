using Backup.Foundation;
using Backup.Snapshots.Records;

namespace Backup.Snapshots.Heads;

/// <summary>The newest that the memtable knows of one key: a record, and updates on top of one that is not at hand.</summary>
internal struct MemtableEntry
{
    internal ulong Hash;

    internal ulong Ordinal;

    internal ArenaSlice Key;

    /// <summary>A put's document; of others <c>{_id: …}</c>.</summary>
    internal ArenaSlice Document;

    /// <summary>The next entry of the same bucket, -1 for none.</summary>
    internal int Next;

    /// <summary>Of a merge's updates the oldest and the newest; nothing where <see cref="Updates"/> is 0.</summary>
    internal int FirstUpdate;

    internal int LastUpdate;

    internal int Updates;

    /// <summary>What those updates take in a record.</summary>
    internal int UpdateBytes;

    internal RecordKind Kind;

    internal RecordFlags Flags;
}

/// <summary>One of a merge's updates.</summary>
/// <param name="Flags">What to do where the document is missing.</param>
/// <param name="At">Of its oplog entry.</param>
/// <param name="Update">The update document.</param>
internal record struct PendingUpdate(OperandFlags Flags, Optime At, ArenaSlice Update)
{
    /// <summary>The next newer one of the same document, -1 for none.</summary>
    internal int Next = -1;
}

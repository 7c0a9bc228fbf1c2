using Backup.Snapshots.Records;

namespace Backup.Snapshots.Heads;

/// <summary>The newest that the memtable knows of one key: a record, and updates on top of one that is not at hand.</summary>
internal struct MemtableEntry
{
    internal ulong Hash;

    /// <summary>The next entry of the same bucket, -1 for none.</summary>
    internal int Next;

    internal ArenaSlice Key;

    internal RecordKind Kind;

    internal RecordFlags Flags;

    internal ulong Ordinal;

    /// <summary>A put's document; of others <c>{_id: …}</c>.</summary>
    internal ArenaSlice Document;

    /// <summary>A merge's updates, oldest first.</summary>
    internal List<PendingUpdate>? Updates;

    /// <summary>What those updates take in a record.</summary>
    internal long UpdateBytes;
}

internal readonly record struct PendingUpdate(OperandFlags Flags, Foundation.Optime At, ArenaSlice Update);

using System.Buffers;
using System.Runtime.InteropServices;
using Backup.Foundation;
using Backup.Foundation.Memory;
using Backup.MongoWire.Bson;
using Backup.Oplog;
using Backup.Snapshots.Blocks;
using Backup.Snapshots.Keys;
using Backup.Snapshots.Records;

namespace Backup.Snapshots.Heads;

/// <summary>
/// The newest operations on one collection, by key: a hash table over an arena, sorted only when it is read. A later put or delete supersedes,
/// an update of a document at hand is applied at once, other updates are kept. Not thread-safe.
/// </summary>
internal sealed class Memtable : IDisposable
{
    // Beyond this the updates of one key would no longer fit into one record.
    private const int MaxPendingBytes = BlockLayout.MaxRecordLength / 2;
    private const int FirstBuckets = 16;

    private readonly Arena _arena = new();
    private readonly ArrayBufferWriter<byte> _key = new(64);
    private readonly ArrayBufferWriter<byte> _idHolder = new(64);
    private readonly BsonWriter _updated = new(1024);
    private readonly NativeList<MemtableEntry> _entries = new();
    private readonly NativeList<PendingUpdate> _updates = new();
    private NativeBuffer _buckets = NewBuckets(FirstBuckets);
    private int[] _sorted = [];

    internal int Count => _entries.Count;

    /// <summary>What it holds in memory, and the order of its entries that a flush or a reader will make.</summary>
    internal long Bytes =>
        _arena.Bytes + _entries.Bytes + _updates.Bytes + _buckets.Length + ((long)_entries.Count * sizeof(int));

    /// <summary>Of each the index of its first entry, -1 for none.</summary>
    private Span<int> Buckets => MemoryMarshal.Cast<byte, int>(_buckets.GetSpan());

    /// <param name="document">Copied.</param>
    /// <param name="ordinal">The place in natural order if it is new; 0 where the collection is not capped.</param>
    internal void Put(BsonView document, ulong ordinal, bool isInsert)
    {
        ref var entry = ref Find(document, out var isNew);
        var place = PlaceOf(entry, isNew, isInsert, ordinal);
        Set(ref entry, RecordKind.Put, document.Bytes);
        (entry.Ordinal, entry.Flags) = place;
    }

    internal void Delete(BsonView idHolder)
    {
        ref var entry = ref Find(idHolder, out _);
        _idHolder.ResetWrittenCount();
        RecordWriter.IdAlone(_idHolder, idHolder);
        Set(ref entry, RecordKind.Delete, _idHolder.WrittenSpan);
        (entry.Ordinal, entry.Flags) = (0, RecordFlags.None);
    }

    /// <returns>False where the updates of this document no longer fit into one record: nothing is changed; begin a new memtable over this one.</returns>
    /// <exception cref="Foundation.Errors.BackupException">4001 where the document is known to be missing.</exception>
    internal bool TryUpdate(
        BsonView idHolder,
        BsonView update,
        OperandFlags flags,
        Optime at,
        ulong ordinal,
        string collection
    )
    {
        ref var entry = ref Find(idHolder, out var isNew);
        if (isNew)
        {
            _idHolder.ResetWrittenCount();
            RecordWriter.IdAlone(_idHolder, idHolder);
            // What is to be made from nothing may need the shard key fields beside the _id.
            var isUpsert = flags.HasFlag(OperandFlags.Upsert);
            Set(ref entry, RecordKind.Merge, isUpsert ? idHolder.Bytes : _idHolder.WrittenSpan);
            entry.Ordinal = isUpsert ? ordinal : 0;
            entry.Flags = RecordFlags.None;
        }

        switch (entry.Kind)
        {
            case RecordKind.Put:
                Apply(ref entry, update);
                return true;
            case RecordKind.Merge:
                return TryKeep(ref entry, new PendingUpdate(flags, at, default), update);
            default:
                UpdateDeleted(ref entry, idHolder, update, flags, at, ordinal, collection);
                return true;
        }
    }

    /// <summary>Indexes of all entries in key order; made again only where keys have come since the last call. Readers may call it side by side.</summary>
    internal int[] Sorted()
    {
        var known = Volatile.Read(ref _sorted);
        if (known.Length == _entries.Count)
        {
            return known;
        }

        var order = new int[_entries.Count];
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }

        Array.Sort(order, (left, right) => KeyOf(left).SequenceCompareTo(KeyOf(right)));
        Volatile.Write(ref _sorted, order);
        return order;
    }

    internal ReadOnlySpan<byte> KeyOf(int index) => _arena.Span(_entries[index].Key);

    /// <summary>Appends the entry as a record.</summary>
    internal void WriteRecord(int index, ArrayBufferWriter<byte> output)
    {
        ref readonly var entry = ref _entries[index];
        var document = _arena.Span(entry.Document);
        switch (entry.Kind)
        {
            case RecordKind.Put:
                RecordWriter.Put(output, document, entry.Ordinal, entry.Flags);
                break;
            case RecordKind.Delete:
                RecordWriter.Delete(output, new BsonView(document));
                break;
            default:
                RecordWriter.BeginMerge(output, new BsonView(document), entry.Updates, entry.Ordinal);
                for (var (left, at) = (entry.Updates, entry.FirstUpdate); left > 0; left--)
                {
                    ref readonly var update = ref _updates[at];
                    RecordWriter.Operand(output, update.Flags, update.At, new BsonView(_arena.Span(update.Update)));
                    at = update.Next;
                }

                break;
        }
    }

    public void Dispose()
    {
        _arena.Dispose();
        _entries.Dispose();
        _updates.Dispose();
        _buckets.Free();
        _updated.Dispose();
    }

    private static NativeBuffer NewBuckets(int count)
    {
        var buckets = new NativeBuffer(count * sizeof(int));
        MemoryMarshal.Cast<byte, int>(buckets.GetSpan()).Fill(-1);
        return buckets;
    }

    /// <summary>A replaced document keeps its place; one that was inserted, or deleted in between, gets a new one.</summary>
    private static (ulong Ordinal, RecordFlags Flags) PlaceOf(
        MemtableEntry entry,
        bool isNew,
        bool isInsert,
        ulong ordinal
    ) =>
        ordinal == 0 ? (0, RecordFlags.None)
        : isInsert ? (ordinal, RecordFlags.Reborn)
        : isNew ? (ordinal, RecordFlags.None)
        : entry.Kind == RecordKind.Put ? (entry.Ordinal, entry.Flags)
        : entry.Kind == RecordKind.Delete ? (ordinal, RecordFlags.Reborn)
        : (entry.Ordinal != 0 ? entry.Ordinal : ordinal, RecordFlags.None);

    private void Set(ref MemtableEntry entry, RecordKind kind, ReadOnlySpan<byte> document)
    {
        entry.Document = _arena.Add(document);
        entry.Kind = kind;
        entry.Updates = 0;
        entry.UpdateBytes = 0;
    }

    private void Apply(ref MemtableEntry entry, BsonView update)
    {
        _updated.Clear();
        DocumentUpdate.Apply(new BsonView(_arena.Span(entry.Document)), update, _updated);
        entry.Document = _arena.Add(_updated.Written);
    }

    private bool TryKeep(ref MemtableEntry entry, PendingUpdate pending, BsonView update)
    {
        var length = RecordLayout.OperandUpdate + update.Length;
        if (entry.UpdateBytes > 0 && entry.UpdateBytes + length > MaxPendingBytes)
        {
            return false;
        }

        var kept = _updates.Add(pending with { Update = _arena.Add(update.Bytes) });
        if (entry.Updates++ == 0)
        {
            entry.FirstUpdate = kept;
        }
        else
        {
            _updates[entry.LastUpdate].Next = kept;
        }

        entry.LastUpdate = kept;
        entry.UpdateBytes += length;
        return true;
    }

    private void UpdateDeleted(
        ref MemtableEntry entry,
        BsonView idHolder,
        BsonView update,
        OperandFlags flags,
        Optime at,
        ulong ordinal,
        string collection
    )
    {
        if (flags.HasFlag(OperandFlags.Upsert))
        {
            _updated.Clear();
            DocumentUpdate.ApplyToMissing(idHolder, update, _updated);
            entry.Document = _arena.Add(_updated.Written);
            (entry.Kind, entry.Ordinal) = (RecordKind.Put, ordinal);
            entry.Flags = ordinal == 0 ? RecordFlags.None : RecordFlags.Reborn;
        }
        else if (!flags.HasFlag(OperandFlags.TolerateMissing))
        {
            throw SnapshotsErrors.Missing(collection, IdText.Of(idHolder), at);
        }
    }

    private ref MemtableEntry Find(BsonView document, out bool isNew)
    {
        _key.ResetWrittenCount();
        DocumentKey.Write(document, _key);
        var key = _key.WrittenSpan;
        var hash = KeyHash.Of(key);
        for (var at = Buckets[Bucket(hash)]; at >= 0; )
        {
            ref var known = ref _entries[at];
            if (known.Hash == hash && _arena.Span(known.Key).SequenceEqual(key))
            {
                isNew = false;
                return ref known;
            }

            at = known.Next;
        }

        isNew = true;
        if (_entries.Count == Buckets.Length)
        {
            MakeMoreBuckets();
        }

        ref var bucket = ref Buckets[Bucket(hash)];
        bucket = _entries.Add(
            new MemtableEntry
            {
                Hash = hash,
                Next = bucket,
                Key = _arena.Add(key),
            }
        );
        return ref _entries[bucket];
    }

    private int Bucket(ulong hash) => (int)(hash & (ulong)(Buckets.Length - 1));

    private void MakeMoreBuckets()
    {
        var count = Buckets.Length * 2;
        _buckets.Free();
        _buckets = NewBuckets(count);
        var buckets = Buckets;
        for (var i = 0; i < _entries.Count; i++)
        {
            ref var entry = ref _entries[i];
            ref var bucket = ref buckets[Bucket(entry.Hash)];
            entry.Next = bucket;
            bucket = i;
        }
    }
}

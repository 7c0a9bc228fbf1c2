using System.Buffers;
using System.Buffers.Binary;
using Backup.Blockstore;
using Backup.Foundation.Errors;
using Backup.Snapshots.Keys;
using Backup.Snapshots.Records;

namespace Backup.Snapshots.Blocks;

/// <summary>Walks the records of one block. Owns the block's memory.</summary>
internal sealed class BlockCursor : IDisposable
{
    private readonly ArrayBufferWriter<byte> _key = new(64);
    private readonly IMemoryOwner<byte> _owner;
    private readonly BlockId _id;
    private int _next = BlockLayout.HeaderLength;
    private int _start;
    private int _left;
    private bool _isKeyed;

    /// <exception cref="BackupException">4002 where it is no block of records, 4006 where it is of a newer format.</exception>
    internal BlockCursor(IMemoryOwner<byte> owner, BlockId id)
    {
        _owner = owner;
        _id = id;
        var raw = owner.Memory.Span;
        if (
            raw.Length < BlockLayout.HeaderLength
            || BinaryPrimitives.ReadUInt32LittleEndian(raw[BlockLayout.MagicOffset..]) != BlockLayout.Magic
        )
        {
            throw SnapshotsErrors.Block("it is no block of records", id.ToString());
        }

        var version = BinaryPrimitives.ReadUInt16LittleEndian(raw[BlockLayout.VersionOffset..]);
        if (version > BlockLayout.Version)
        {
            throw SnapshotsErrors.Newer("block of records", version, BlockLayout.Version);
        }

        _left = BinaryPrimitives.ReadInt32LittleEndian(raw[BlockLayout.CountOffset..]);
    }

    /// <summary>Made when it is asked for: whoever reads one run alone needs none.</summary>
    /// <exception cref="BackupException">4002 where the record's document has no <c>_id</c> or is damaged.</exception>
    internal ReadOnlySpan<byte> Key => _isKeyed ? _key.WrittenSpan : MakeKey();

    internal RecordView Record => RecordView.Checked(RecordMemory.Span);

    internal ReadOnlyMemory<byte> RecordMemory => _owner.Memory[_start.._next];

    internal bool MoveNext()
    {
        var raw = _owner.Memory.Span;
        if (_left == 0)
        {
            return _next == raw.Length
                ? false
                : throw SnapshotsErrors.Block("bytes stand behind its last record", _id.ToString());
        }

        try
        {
            var length = RecordView.LengthOf(raw[_next..]);
            _isKeyed = false;
            _start = _next;
            _next += length;
            _left--;
            return true;
        }
        catch (BackupException damage)
        {
            throw SnapshotsErrors.Block(damage.Message, _id.ToString(), damage);
        }
    }

    /// <summary>
    /// Takes the current record and those behind it, as long as they are puts, by moving their documents together within the block: afterwards these records can
    /// not be read any more, and the next move goes on behind them.
    /// </summary>
    /// <returns>The documents one behind another, valid until this is disposed, and how many; none where the current record is no put.</returns>
    /// <exception cref="BackupException">4002 where one of them is damaged.</exception>
    internal (ReadOnlyMemory<byte> Documents, int Count) TakePuts()
    {
        var memory = _owner.Memory;
        var raw = memory.Span;
        if (!IsPut(raw, _start))
        {
            return default;
        }

        var (from, end, count) = (_start + RecordLayout.Body, _next, 1);
        while (_left > 0 && IsPut(raw, _next))
        {
            MoveNext();
            var document = raw[(_start + RecordLayout.Body).._next];
            document.CopyTo(raw[end..]);
            end += document.Length;
            count++;
        }

        return (memory[from..end], count);
    }

    public void Dispose() => _owner.Dispose();

    private static bool IsPut(ReadOnlySpan<byte> raw, int record) =>
        record + RecordLayout.Kind < raw.Length && (RecordKind)raw[record + RecordLayout.Kind] == RecordKind.Put;

    private ReadOnlySpan<byte> MakeKey()
    {
        try
        {
            _key.ResetWrittenCount();
            DocumentKey.Write(Record.Document, _key);
            _isKeyed = true;
            return _key.WrittenSpan;
        }
        catch (BackupException damage)
        {
            throw SnapshotsErrors.Block(damage.Message, _id.ToString(), damage);
        }
    }
}

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

    public void Dispose() => _owner.Dispose();

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

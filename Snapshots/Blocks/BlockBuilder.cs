using System.Buffers;
using System.Buffers.Binary;
using Backup.Snapshots.Keys;
using Backup.Snapshots.Records;
using Backup.Snapshots.Runs;

namespace Backup.Snapshots.Blocks;

/// <summary>A finished block in a rented buffer, before it is put.</summary>
internal sealed record SealedBlock(byte[] Buffer, int Length, byte[] Lower, byte[] Upper, RunStatistics Statistics)
{
    internal ReadOnlyMemory<byte> Raw => Buffer.AsMemory(0, Length);

    internal void Return() => ArrayPool<byte>.Shared.Return(Buffer);
}

/// <summary>Fills one block after another with records that come in key order, and says where each ends.</summary>
internal sealed class BlockBuilder : IDisposable
{
    private readonly ArrayBufferWriter<byte> _lastKey = new(64);
    private byte[] _buffer = [];
    private byte[] _lower = [];
    private int _length = BlockLayout.HeaderLength;
    private int _count;
    private long _documents;
    private long _documentBytes;

    internal bool IsEmpty => _count == 0;

    /// <summary>Long enough to end here without leaving a splinter.</summary>
    internal bool HasMinimum => _length >= BlockLayout.MinLength;

    /// <summary>False where the block must be sealed before a record of this length.</summary>
    internal bool Fits(int recordLength) => IsEmpty || _length + recordLength <= BlockLayout.MaxLength;

    /// <returns>True where the block ends after this record.</returns>
    internal bool Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> record)
    {
        if (record.Length > BlockLayout.MaxRecordLength)
        {
            throw SnapshotsErrors.TooLarge(record.Length);
        }

        if (IsEmpty)
        {
            _lower = KeyBounds.Lower(key);
        }

        _lastKey.ResetWrittenCount();
        _lastKey.Write(key);
        record.CopyTo(Reserve(record.Length));
        _length += record.Length;
        _count++;
        if (record[RecordLayout.Kind] == (byte)RecordKind.Put)
        {
            _documents++;
            _documentBytes += record.Length - RecordLayout.Body;
        }

        return HasMinimum && BlockLayout.EndsAfter(KeyHash.Of(key), record.Length);
    }

    /// <summary>Ends the block and starts the next one.</summary>
    internal SealedBlock Seal()
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer.AsSpan(BlockLayout.MagicOffset), BlockLayout.Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(BlockLayout.VersionOffset), BlockLayout.Version);
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(BlockLayout.ReservedOffset), 0);
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(BlockLayout.CountOffset), _count);
        var statistics = new RunStatistics(1, _count, _documents, _documentBytes, _length, 0);
        var block = new SealedBlock(_buffer, _length, _lower, KeyBounds.Upper(_lastKey.WrittenSpan), statistics);
        _buffer = [];
        _length = BlockLayout.HeaderLength;
        _count = 0;
        _documents = 0;
        _documentBytes = 0;
        return block;
    }

    public void Dispose()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }

    private Span<byte> Reserve(int count)
    {
        var needed = _length + count;
        if (_buffer.Length < needed)
        {
            var wanted = Math.Max(needed, Math.Min(_buffer.Length * 2, BlockLayout.MaxLength));
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(wanted, 2 * BlockLayout.MinLength));
            _buffer.AsSpan(0, IsEmpty ? 0 : _length).CopyTo(larger);
            Dispose();
            _buffer = larger;
        }

        return _buffer.AsSpan(_length);
    }
}

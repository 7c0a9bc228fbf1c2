using System.Buffers;
using System.Buffers.Binary;
using Backup.Blockstore;
using Backup.Snapshots.Keys;
using Backup.Snapshots.Records;
using Backup.Snapshots.Runs;

namespace Backup.Snapshots.Blocks;

/// <summary>A finished block, before it is put.</summary>
internal sealed record SealedBlock(PooledBytes Raw, byte[] Lower, byte[] Upper, RunStatistics Statistics);

/// <summary>Fills one block after another with records that come in key order, and says where each ends.</summary>
internal sealed class BlockBuilder : IDisposable
{
    private readonly ArrayBufferWriter<byte> _lastKey = new(64);
    private PooledBytes? _buffer;
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

    /// <summary>Adds a record that comes in two parts, so that a large document is copied once and no more.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="head">The first part: the header at least.</param>
    /// <param name="rest">The second part; may be empty.</param>
    /// <returns>True where the block ends after this record.</returns>
    internal bool Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> head, ReadOnlySpan<byte> rest)
    {
        var length = head.Length + rest.Length;
        if (length > BlockLayout.MaxRecordLength)
        {
            throw SnapshotsErrors.TooLarge(length);
        }

        if (IsEmpty)
        {
            _lower = KeyBounds.Lower(key);
        }

        _lastKey.ResetWrittenCount();
        _lastKey.Write(key);
        var target = Reserve(length);
        head.CopyTo(target);
        rest.CopyTo(target[head.Length..]);
        _length += length;
        _count++;
        if (head[RecordLayout.Kind] == (byte)RecordKind.Put)
        {
            _documents++;
            _documentBytes += length - RecordLayout.Body;
        }

        return HasMinimum && BlockLayout.EndsAfter(KeyHash.Of(key), length);
    }

    /// <summary>Ends the block and starts the next one.</summary>
    internal SealedBlock Seal()
    {
        var raw = _buffer!.Span;
        BinaryPrimitives.WriteUInt32LittleEndian(raw[BlockLayout.MagicOffset..], BlockLayout.Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(raw[BlockLayout.VersionOffset..], BlockLayout.Version);
        BinaryPrimitives.WriteUInt16LittleEndian(raw[BlockLayout.ReservedOffset..], 0);
        BinaryPrimitives.WriteInt32LittleEndian(raw[BlockLayout.CountOffset..], _count);
        _buffer.Shorten(_length);
        var statistics = new RunStatistics(1, _count, _documents, _documentBytes, _length, 0);
        var block = new SealedBlock(_buffer, _lower, KeyBounds.Upper(_lastKey.WrittenSpan), statistics);
        _buffer = null;
        _length = BlockLayout.HeaderLength;
        _count = 0;
        _documents = 0;
        _documentBytes = 0;
        return block;
    }

    public void Dispose()
    {
        _buffer?.Dispose();
        _buffer = null;
    }

    private Span<byte> Reserve(int count)
    {
        var needed = _length + count;
        var capacity = _buffer?.Length ?? 0;
        if (capacity < needed)
        {
            var wanted = Math.Max(needed, Math.Min(capacity * 2, BlockLayout.MaxLength));
            var larger = new PooledBytes(Math.Max(wanted, 2 * BlockLayout.MinLength));
            _buffer?.Span[.._length].CopyTo(larger.Span);
            Dispose();
            _buffer = larger;
        }

        return _buffer!.Span[_length..];
    }
}

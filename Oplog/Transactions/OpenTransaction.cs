using System.Buffers.Binary;
using System.Numerics;
using Backup.Foundation;
using Backup.MongoWire.Bson;

namespace Backup.Oplog.Transactions;

/// <summary>Whose transaction: the raw <c>lsid</c> and the number.</summary>
internal readonly record struct TransactionKey(BsonDocument Session, long Number);

/// <summary>
/// The operations of a transaction that is not decided: the raw <c>applyOps</c> array of each link, in memory or, once spilled, in a
/// file of frames <c>{int32 length, uint32 CRC-32C, bytes}</c>. The file lives no longer than the process.
/// </summary>
internal sealed class OpenTransaction(Optime start) : IDisposable
{
    private const int FrameHeader = 8;
    private readonly List<byte[]> _links = [];
    private FileStream? _spill;

    internal Optime Start { get; } = start;

    internal Optime? Prepared { get; set; }

    /// <summary>Its first links came before the entries that this replayer was given: it cannot be applied.</summary>
    internal bool IsHeadMissing { get; init; }

    /// <summary>Applied already, for a cut that lies before its commit entry.</summary>
    internal bool IsAppliedAhead { get; set; }

    internal long MemoryBytes { get; private set; }

    internal void Add(ReadOnlySpan<byte> operations)
    {
        if (_spill is not null)
        {
            WriteFrame(operations);
            return;
        }

        _links.Add(operations.ToArray());
        MemoryBytes += operations.Length;
    }

    /// <summary>Moves what is in memory to a file.</summary>
    internal void Spill(string path)
    {
        try
        {
            _spill = new FileStream(
                path,
                FileMode.Create,
                FileAccess.ReadWrite,
                FileShare.None,
                1 << 16,
                FileOptions.DeleteOnClose
            );
            foreach (var link in _links)
            {
                WriteFrame(link);
            }
        }
        catch (IOException cause)
        {
            throw Foundation.Errors.FoundationErrors.CannotWrite(path, cause);
        }

        _links.Clear();
        MemoryBytes = 0;
    }

    /// <summary>The links' arrays, first to last, one at a time.</summary>
    internal IEnumerable<ReadOnlyMemory<byte>> Links()
    {
        if (_spill is null)
        {
            foreach (var link in _links)
            {
                yield return link;
            }

            yield break;
        }

        var end = _spill.Length;
        _spill.Position = 0;
        while (_spill.Position < end)
        {
            yield return ReadFrame(_spill);
        }

        _spill.Position = end;
    }

    public void Dispose() => _spill?.Dispose();

    private void WriteFrame(ReadOnlySpan<byte> bytes)
    {
        Span<byte> header = stackalloc byte[FrameHeader];
        BinaryPrimitives.WriteInt32LittleEndian(header, bytes.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], Checksum(bytes));
        _spill!.Write(header);
        _spill.Write(bytes);
    }

    private static byte[] ReadFrame(FileStream file)
    {
        Span<byte> header = stackalloc byte[FrameHeader];
        if (file.ReadAtLeast(header, FrameHeader, throwOnEndOfStream: false) < FrameHeader)
        {
            throw OplogErrors.Spill(file.Name, "is cut off");
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(header);
        if (length < BsonView.MinimumLength || length > file.Length - file.Position)
        {
            throw OplogErrors.Spill(file.Name, $"holds a frame of {length} bytes");
        }

        var bytes = new byte[length];
        file.ReadExactly(bytes);
        return Checksum(bytes) == BinaryPrimitives.ReadUInt32LittleEndian(header[4..])
            ? bytes
            : throw OplogErrors.Spill(file.Name, "does not hold what was written");
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        while (bytes.Length >= 8)
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }

        foreach (var b in bytes)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return ~crc;
    }
}

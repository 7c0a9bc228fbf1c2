using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Backup.Foundation.Compression;
using Backup.Foundation.Files;

namespace Backup.Metadata.Exports;

/// <summary>
/// Writes an export: readable by its owner alone, there under its name when it is whole and not before. Used by one caller at a time; disposed unpublished it
/// leaves nothing. Memory is that of two chunks, whatever the catalogue has.
/// </summary>
internal sealed class ExportWriter : IRowSink, IDisposable
{
    private readonly PendingFile _file;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _raw = ArrayPool<byte>.Shared.Rent(ExportFormat.ChunkLength);
    private readonly byte[] _stored = new byte[
        ExportFormat.ChunkHeaderLength + Zstd.MaxCompressedLength(ExportFormat.ChunkLength)
    ];

    private readonly MetadataExport _about;
    private readonly Dictionary<string, string> _heads = new(StringComparer.Ordinal);
    private (int Set, int Manifest)? _ofHeads;
    private int _length;
    private int _columns;
    private long _rows;

    /// <param name="path">Replaced where it is there.</param>
    /// <param name="schemaVersion">Of the tables that follow.</param>
    /// <param name="madeAt">The moment of which it is.</param>
    internal ExportWriter(string path, int schemaVersion, DateTimeOffset madeAt)
    {
        _about = new MetadataExport(schemaVersion, madeAt, 0, 0);
        _file = DurableFile.Create(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var header = new byte[ExportFormat.HeaderLength];
        ExportFormat.Magic.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), ExportFormat.Version);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(12), schemaVersion);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(16), madeAt.ToUnixTimeMilliseconds());
        Append(header);
    }

    public void Table(string name, IReadOnlyList<string> columns)
    {
        Byte(ExportFormat.TableFollows);
        Value(name);
        Number(columns.Count);
        foreach (var column in columns)
        {
            Value(column);
        }

        _columns = columns.Count;
        _ofHeads = name == "heads" ? (At("replica_set_id"), At("manifest_block")) : null;

        int At(string column) => columns.Index().First(one => one.Item == column).Index;
    }

    public void Row(ReadOnlySpan<object?> values)
    {
        if (values.Length != _columns)
        {
            throw new ArgumentException($"{values.Length} values for {_columns} columns.", nameof(values));
        }

        Byte(ExportFormat.RowFollows);
        foreach (var value in values)
        {
            Value(value);
        }

        _rows++;
        if (_ofHeads is var (set, manifest))
        {
            _heads[(string)values[set]!] = (string)values[manifest]!;
        }
    }

    /// <summary>From here on the file is there, and survives a power cut.</summary>
    internal MetadataExport Publish()
    {
        Byte(ExportFormat.End);
        EndChunk();
        Append(stackalloc byte[ExportFormat.ChunkHeaderLength]);
        Span<byte> trailer = stackalloc byte[ExportFormat.TrailerLength];
        BinaryPrimitives.WriteInt64LittleEndian(trailer, _rows);
        Append(trailer[..8]);
        _hash.GetHashAndReset(trailer[8..]);
        _file.Append(trailer[8..]);
        _file.Publish();
        return _about with { Rows = _rows, Bytes = _file.Length, Heads = _heads };
    }

    public void Dispose()
    {
        _file.Dispose();
        _hash.Dispose();
        // Sealed secrets and hashes of keys went through it.
        ArrayPool<byte>.Shared.Return(_raw, clearArray: true);
    }

    private void Value(object? value)
    {
        switch (value)
        {
            case null:
                Byte(ExportFormat.Null);
                break;
            case long number:
                Byte(ExportFormat.Integer);
                Number(number);
                break;
            case double number:
                Byte(ExportFormat.Real);
                Number(BitConverter.DoubleToInt64Bits(number));
                break;
            case string text:
                Byte(ExportFormat.Text);
                Bytes(Encoding.UTF8.GetBytes(text));
                break;
            case byte[] content:
                Byte(ExportFormat.Content);
                Bytes(content);
                break;
            default:
                throw new ArgumentException($"A row has no values of {value.GetType()}.", nameof(value));
        }
    }

    private void Bytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > ExportFormat.LongestValue)
        {
            throw MetadataErrors.ValueTooLong(_file.Path, bytes.Length);
        }

        Number(bytes.Length);
        Raw(bytes);
    }

    private void Number(long number)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        Raw(bytes);
    }

    private void Byte(byte one) => Raw([one]);

    private void Raw(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var part = Math.Min(bytes.Length, ExportFormat.ChunkLength - _length);
            bytes[..part].CopyTo(_raw.AsSpan(_length));
            _length += part;
            bytes = bytes[part..];
            if (_length == ExportFormat.ChunkLength)
            {
                EndChunk();
            }
        }
    }

    private void EndChunk()
    {
        if (_length == 0)
        {
            return;
        }

        var stored = Zstd.Compress(_raw.AsSpan(0, _length), _stored.AsSpan(ExportFormat.ChunkHeaderLength));
        BinaryPrimitives.WriteInt32LittleEndian(_stored, _length);
        BinaryPrimitives.WriteInt32LittleEndian(_stored.AsSpan(4), stored);
        Append(_stored.AsSpan(0, ExportFormat.ChunkHeaderLength + stored));
        _length = 0;
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        _hash.AppendData(bytes);
        _file.Append(bytes);
    }
}

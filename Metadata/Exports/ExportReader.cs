using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Backup.Foundation.Compression;
using Backup.Foundation.Errors;

namespace Backup.Metadata.Exports;

/// <summary>
/// Reads an export. All of it is looked at before anything of it is given: one that is cut short, or that differs in a bit, is refused as a whole. Memory is that
/// of two chunks and of one row.
/// </summary>
internal sealed class ExportReader : IDisposable
{
    private readonly FileStream _file;
    private readonly string _path;
    private readonly byte[] _chunk = new byte[ExportFormat.ChunkLength];
    private readonly byte[] _stored = new byte[Zstd.MaxCompressedLength(ExportFormat.ChunkLength)];
    private int _position;
    private int _length;

    private ExportReader(string path, FileStream file)
    {
        (_path, _file) = (path, file);
        About = Verify();
    }

    /// <summary>What the file says of itself.</summary>
    internal MetadataExport About { get; }

    /// <exception cref="BackupException">6330 torn or changed, 6331 of a newer release, 6332 no export, 6333 cannot be read.</exception>
    internal static ExportReader Open(string path)
    {
        FileStream? file = null;
        try
        {
            file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, ExportFormat.ChunkLength);
            return new ExportReader(path, file);
        }
        catch (Exception failure)
        {
            file?.Dispose();
            if (failure is IOException or UnauthorizedAccessException)
            {
                throw MetadataErrors.ExportUnreadable(path, failure);
            }

            throw;
        }
    }

    /// <summary>Gives every row; may be called once.</summary>
    /// <exception cref="BackupException">6330 where the rows do not say what the trailer does.</exception>
    internal void Read(IRowSink sink, CancellationToken cancellation)
    {
        try
        {
            _file.Position = ExportFormat.HeaderLength;
            var rows = 0L;
            object?[] values = [];
            while (true)
            {
                switch (Byte())
                {
                    case ExportFormat.TableFollows:
                        cancellation.ThrowIfCancellationRequested();
                        var name = Name();
                        var columns = new string[Count(ExportFormat.MostColumns)];
                        for (var i = 0; i < columns.Length; i++)
                        {
                            columns[i] = Name();
                        }

                        values = new object?[columns.Length];
                        sink.Table(name, columns);
                        break;
                    case ExportFormat.RowFollows when values.Length > 0:
                        for (var i = 0; i < values.Length; i++)
                        {
                            values[i] = Value();
                        }

                        rows++;
                        sink.Row(values);
                        break;
                    case ExportFormat.End when rows == About.Rows:
                        return;
                    default:
                        throw MetadataErrors.ExportTorn(_path, "rows");
                }
            }
        }
        catch (IOException failure)
        {
            throw MetadataErrors.ExportUnreadable(_path, failure);
        }
    }

    public void Dispose() => _file.Dispose();

    private MetadataExport Verify()
    {
        var length = _file.Length;
        Span<byte> header = stackalloc byte[ExportFormat.HeaderLength];
        if (_file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) < header.Length)
        {
            throw ExportFormat.Magic.StartsWith(header[..(int)Math.Min(length, 8)]) && length > 0
                ? MetadataErrors.ExportTorn(_path, "header")
                : MetadataErrors.NoExport(_path);
        }

        if (!header.StartsWith(ExportFormat.Magic))
        {
            throw MetadataErrors.NoExport(_path);
        }

        if (length < ExportFormat.HeaderLength + ExportFormat.ChunkHeaderLength + ExportFormat.TrailerLength)
        {
            throw MetadataErrors.ExportTorn(_path, "end");
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(header);
        for (var left = length - header.Length - ExportFormat.HashLength; left > 0; )
        {
            var part = _chunk.AsSpan(0, (int)Math.Min(left, _chunk.Length));
            _file.ReadExactly(part);
            hash.AppendData(part);
            left -= part.Length;
        }

        Span<byte> sums = stackalloc byte[2 * ExportFormat.HashLength];
        _file.ReadExactly(sums[..ExportFormat.HashLength]);
        hash.GetHashAndReset(sums[ExportFormat.HashLength..]);
        if (!sums[..ExportFormat.HashLength].SequenceEqual(sums[ExportFormat.HashLength..]))
        {
            throw MetadataErrors.ExportTorn(_path, "checksum");
        }

        // What it says is looked at once it is known to be as it was written.
        if (BinaryPrimitives.ReadInt32LittleEndian(header[8..]) is var version and not ExportFormat.Version)
        {
            throw MetadataErrors.ExportNewer(_path, "format", version, ExportFormat.Version);
        }

        Span<byte> rows = stackalloc byte[8];
        _file.Position = length - ExportFormat.TrailerLength;
        _file.ReadExactly(rows);
        return new MetadataExport(
            BinaryPrimitives.ReadInt32LittleEndian(header[12..]),
            Moment(BinaryPrimitives.ReadInt64LittleEndian(header[16..])),
            BinaryPrimitives.ReadInt64LittleEndian(rows),
            length
        );
    }

    private DateTimeOffset Moment(long milliseconds)
    {
        try
        {
            return DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
        }
        catch (ArgumentOutOfRangeException)
        {
            throw MetadataErrors.ExportTorn(_path, "moment");
        }
    }

    private string Name() =>
        Value() is string { Length: > 0 } name ? name : throw MetadataErrors.ExportTorn(_path, "name");

    private object? Value() =>
        Byte() switch
        {
            ExportFormat.Null => null,
            ExportFormat.Integer => Number(),
            ExportFormat.Real => BitConverter.Int64BitsToDouble(Number()),
            ExportFormat.Text => Encoding.UTF8.GetString(Bytes()),
            ExportFormat.Content => Bytes(),
            _ => throw MetadataErrors.ExportTorn(_path, "value"),
        };

    private byte[] Bytes()
    {
        var bytes = new byte[Count(ExportFormat.LongestValue)];
        Fill(bytes);
        return bytes;
    }

    private int Count(int most) =>
        Number() is var count and >= 0 && count <= most ? (int)count : throw MetadataErrors.ExportTorn(_path, "length");

    private long Number()
    {
        Span<byte> bytes = stackalloc byte[8];
        Fill(bytes);
        return BinaryPrimitives.ReadInt64LittleEndian(bytes);
    }

    private byte Byte()
    {
        Span<byte> one = stackalloc byte[1];
        Fill(one);
        return one[0];
    }

    private void Fill(Span<byte> into)
    {
        while (into.Length > 0)
        {
            if (_position == _length)
            {
                NextChunk();
            }

            var part = Math.Min(into.Length, _length - _position);
            _chunk.AsSpan(_position, part).CopyTo(into);
            _position += part;
            into = into[part..];
        }
    }

    private void NextChunk()
    {
        Span<byte> lengths = stackalloc byte[ExportFormat.ChunkHeaderLength];
        _file.ReadExactly(lengths);
        var raw = BinaryPrimitives.ReadInt32LittleEndian(lengths);
        var stored = BinaryPrimitives.ReadInt32LittleEndian(lengths[4..]);
        if (raw is < 1 or > ExportFormat.ChunkLength || stored < 1 || stored > _stored.Length)
        {
            throw MetadataErrors.ExportTorn(_path, "chunk");
        }

        var frame = _stored.AsSpan(0, stored);
        _file.ReadExactly(frame);
        try
        {
            Zstd.Decompress(frame, _chunk.AsSpan(0, raw));
        }
        catch (BackupException)
        {
            throw MetadataErrors.ExportTorn(_path, "chunk");
        }

        (_position, _length) = (0, raw);
    }
}

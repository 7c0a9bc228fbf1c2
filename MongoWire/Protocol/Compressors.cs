using System.Buffers.Binary;
using System.IO.Compression;
using Backup.Foundation.Compression;

namespace Backup.MongoWire.Protocol;

/// <summary>
/// OP_COMPRESSED: after the header the original operation code (int32), the raw length of what follows the header
/// (int32), the compressor (one byte) and the compressed bytes.
/// </summary>
internal static class Compressors
{
    internal const int PrefixLength = 9;

    internal static string NameOf(CompressorId id) =>
        id switch
        {
            CompressorId.Zlib => "zlib",
            CompressorId.Zstd => "zstd",
            _ => "noop",
        };

    internal static CompressorId? Find(string name) =>
        name switch
        {
            "zlib" => CompressorId.Zlib,
            "zstd" => CompressorId.Zstd,
            "noop" => CompressorId.Noop,
            _ => null,
        };

    /// <summary>Reads the prefix of a compressed message.</summary>
    /// <param name="body">What follows the header.</param>
    /// <exception cref="Foundation.Errors.BackupException">2010, 2011 or 2013.</exception>
    internal static (OpCode OpCode, int RawLength, CompressorId Id) ReadPrefix(ReadOnlySpan<byte> body, int maxLength)
    {
        if (body.Length < PrefixLength)
        {
            throw MongoWireErrors.BadMessage("a compressed message is cut off");
        }

        var opCode = (OpCode)BinaryPrimitives.ReadInt32LittleEndian(body);
        var rawLength = BinaryPrimitives.ReadInt32LittleEndian(body[4..]);
        var id = (CompressorId)body[8];
        if (opCode is not (OpCode.Msg or OpCode.Query or OpCode.Reply))
        {
            throw MongoWireErrors.Unknown($"operation code {(int)opCode}, compressed");
        }

        if (rawLength < 0)
        {
            throw MongoWireErrors.BadMessage($"raw length {rawLength}");
        }

        return rawLength <= maxLength - MessageHeader.Size
            ? (opCode, rawLength, id)
            : throw MongoWireErrors.TooLarge(rawLength + (long)MessageHeader.Size, maxLength);
    }

    /// <summary>Fills <paramref name="raw"/> exactly.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2010 or 1002 where the bytes are damaged, 2013 for an unknown compressor.</exception>
    internal static void Decompress(CompressorId id, byte[] buffer, int offset, int length, Span<byte> raw)
    {
        switch (id)
        {
            case CompressorId.Noop:
                if (length != raw.Length)
                {
                    throw MongoWireErrors.BadMessage($"{length} bytes, {raw.Length} were announced");
                }

                buffer.AsSpan(offset, length).CopyTo(raw);
                break;
            case CompressorId.Zlib:
                Inflate(new MemoryStream(buffer, offset, length, writable: false), raw);
                break;
            case CompressorId.Zstd:
                Zstd.Decompress(buffer.AsSpan(offset, length), raw);
                break;
            default:
                throw MongoWireErrors.Unknown($"compressor {(byte)id}");
        }
    }

    /// <summary>Appends the compressed bytes to <paramref name="output"/>.</summary>
    internal static void Compress(CompressorId id, ReadOnlySpan<byte> raw, SendBuffer output)
    {
        switch (id)
        {
            case CompressorId.Noop:
                output.Append(raw);
                break;
            case CompressorId.Zlib:
                using (var deflater = new ZLibStream(output, CompressionLevel.Fastest, leaveOpen: true))
                {
                    deflater.Write(raw);
                }

                break;
            case CompressorId.Zstd:
                var target = output.Reserve(Zstd.MaxCompressedLength(raw.Length));
                output.Advance(Zstd.Compress(raw, target));
                break;
            default:
                throw MongoWireErrors.Unknown($"compressor {(byte)id}");
        }
    }

    private static void Inflate(MemoryStream source, Span<byte> raw)
    {
        try
        {
            using var inflater = new ZLibStream(source, CompressionMode.Decompress);
            var read = inflater.ReadAtLeast(raw, raw.Length, throwOnEndOfStream: false);
            if (read != raw.Length || inflater.ReadByte() >= 0)
            {
                throw MongoWireErrors.BadMessage($"zlib holds other than the {raw.Length} bytes announced");
            }
        }
        catch (InvalidDataException damaged)
        {
            throw MongoWireErrors.BadMessage("zlib data is damaged", damaged);
        }
    }
}

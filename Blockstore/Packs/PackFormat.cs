using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Backup.Blockstore.Packs;

/// <summary>Where a block stands in a pack.</summary>
internal readonly record struct PackEntry(BlockId Id, long Offset, int StoredLength, int RawLength);

/// <summary>The bytes of a pack around its blocks: header, footer. Little-endian; see docs/formats/block-and-pack.md.</summary>
internal static class PackFormat
{
    internal const uint Version = 1;

    // Header.
    private const ulong HeaderMagic = 0x0A0D_4B43_4150_4B42; // "BKPACK\r\n"
    private const int HeaderVersionAt = sizeof(ulong);
    private const int HeaderCrcAt = HeaderVersionAt + sizeof(uint);
    internal const int HeaderLength = HeaderCrcAt + sizeof(uint);

    // One entry of the footer.
    private const int EntryOffsetAt = BlockId.Length;
    private const int EntryStoredAt = EntryOffsetAt + sizeof(ulong);
    private const int EntryRawAt = EntryStoredAt + sizeof(uint);
    internal const int EntryLength = EntryRawAt + sizeof(uint);

    // The trailer after the entries: the last bytes of the file.
    private const uint TrailerMagic = 0x46504B42; // "BKPF"
    private const int TrailerVersionAt = sizeof(uint);
    private const int TrailerCountAt = TrailerVersionAt + sizeof(uint);
    private const int TrailerZeroAt = TrailerCountAt + sizeof(uint);
    private const int TrailerHashAt = TrailerZeroAt + sizeof(uint);
    internal const int TrailerLength = TrailerHashAt + SHA256.HashSizeInBytes;

    internal static byte[] Header()
    {
        var header = new byte[HeaderLength];
        BinaryPrimitives.WriteUInt64LittleEndian(header, HeaderMagic);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(HeaderVersionAt), Version);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(HeaderCrcAt), Crc32C.Of(header.AsSpan(0, HeaderCrcAt)));
        return header;
    }

    /// <returns>The version, or 0 where the header is damaged.</returns>
    internal static uint ReadHeader(ReadOnlySpan<byte> header) =>
        header.Length >= HeaderLength
        && BinaryPrimitives.ReadUInt64LittleEndian(header) == HeaderMagic
        && BinaryPrimitives.ReadUInt32LittleEndian(header[HeaderCrcAt..]) == Crc32C.Of(header[..HeaderCrcAt])
            ? BinaryPrimitives.ReadUInt32LittleEndian(header[HeaderVersionAt..])
            : 0;

    internal static byte[] Footer(IReadOnlyList<PackEntry> entries)
    {
        var footer = new byte[(entries.Count * EntryLength) + TrailerLength];
        var at = footer.AsSpan();
        foreach (var entry in entries)
        {
            entry.Id.CopyTo(at);
            BinaryPrimitives.WriteUInt64LittleEndian(at[EntryOffsetAt..], (ulong)entry.Offset);
            BinaryPrimitives.WriteUInt32LittleEndian(at[EntryStoredAt..], (uint)entry.StoredLength);
            BinaryPrimitives.WriteUInt32LittleEndian(at[EntryRawAt..], (uint)entry.RawLength);
            at = at[EntryLength..];
        }

        BinaryPrimitives.WriteUInt32LittleEndian(at, TrailerMagic);
        BinaryPrimitives.WriteUInt32LittleEndian(at[TrailerVersionAt..], Version);
        BinaryPrimitives.WriteUInt32LittleEndian(at[TrailerCountAt..], (uint)entries.Count);
        SHA256.HashData(footer.AsSpan(..^SHA256.HashSizeInBytes), at[TrailerHashAt..]);
        return footer;
    }

    /// <summary>How long the footer is, by the last <see cref="TrailerLength"/> bytes of the file; -1 where they are damaged.</summary>
    internal static long FooterLength(ReadOnlySpan<byte> trailer) =>
        BinaryPrimitives.ReadUInt32LittleEndian(trailer) == TrailerMagic
        && BinaryPrimitives.ReadUInt32LittleEndian(trailer[TrailerVersionAt..]) == Version
            ? (BinaryPrimitives.ReadUInt32LittleEndian(trailer[TrailerCountAt..]) * (long)EntryLength) + TrailerLength
            : -1;

    /// <summary>The entries of a whole footer, or null where its checksum does not fit or an entry leaves the pack.</summary>
    internal static List<PackEntry>? ReadFooter(ReadOnlySpan<byte> footer, long packLength)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(footer[..^SHA256.HashSizeInBytes], hash);
        if (!hash.SequenceEqual(footer[^SHA256.HashSizeInBytes..]))
        {
            return null;
        }

        var blocksEnd = packLength - footer.Length;
        var entries = new List<PackEntry>((footer.Length - TrailerLength) / EntryLength);
        for (footer = footer[..^TrailerLength]; footer.Length > 0; footer = footer[EntryLength..])
        {
            var offset = BinaryPrimitives.ReadUInt64LittleEndian(footer[EntryOffsetAt..]);
            var stored = BinaryPrimitives.ReadUInt32LittleEndian(footer[EntryStoredAt..]);
            var raw = BinaryPrimitives.ReadUInt32LittleEndian(footer[EntryRawAt..]);
            if (offset < HeaderLength || offset > (ulong)blocksEnd || offset + stored > (ulong)blocksEnd)
            {
                return null;
            }

            entries.Add(new PackEntry(new BlockId(footer[..BlockId.Length]), (long)offset, (int)stored, (int)raw));
        }

        return entries;
    }
}

using System.Buffers;
using System.Buffers.Binary;
using Backup.Blockstore;

namespace Backup.Snapshots.Runs;

/// <summary>The bytes of an index page. Keep in sync with docs/formats/run.md.</summary>
internal static class IndexPage
{
    /// <summary><c>BKIX</c>, little-endian.</summary>
    internal const uint Magic = 0x5849_4B42;
    internal const ushort Version = 1;

    internal const int MagicOffset = 0;
    internal const int VersionOffset = 4;
    internal const int LevelOffset = 6;
    internal const int ReservedOffset = 7;
    internal const int CountOffset = 8;
    internal const int HeaderLength = 12;

    internal const int EntryId = 0;
    internal const int EntryBlocks = 32;
    internal const int EntryRecords = 40;
    internal const int EntryDocuments = 48;
    internal const int EntryDocumentBytes = 56;
    internal const int EntryRawBytes = 64;
    internal const int EntryStoredBytes = 72;
    internal const int EntryLowerLength = 80;
    internal const int EntryUpperLength = 82;
    internal const int EntryHeaderLength = 84;

    internal static void Write(ArrayBufferWriter<byte> output, int level, IReadOnlyList<BlockReference> entries)
    {
        var head = output.GetSpan(HeaderLength);
        BinaryPrimitives.WriteUInt32LittleEndian(head[MagicOffset..], Magic);
        BinaryPrimitives.WriteUInt16LittleEndian(head[VersionOffset..], Version);
        head[LevelOffset] = (byte)level;
        head[ReservedOffset] = 0;
        BinaryPrimitives.WriteInt32LittleEndian(head[CountOffset..], entries.Count);
        output.Advance(HeaderLength);
        foreach (var entry in entries)
        {
            WriteEntry(output, entry);
        }
    }

    internal static (int Level, List<BlockReference> Entries) Read(ReadOnlySpan<byte> raw, BlockId id)
    {
        if (raw.Length < HeaderLength || BinaryPrimitives.ReadUInt32LittleEndian(raw[MagicOffset..]) != Magic)
        {
            throw SnapshotsErrors.Block("it is no index page", id.ToString());
        }

        var version = BinaryPrimitives.ReadUInt16LittleEndian(raw[VersionOffset..]);
        if (version > Version)
        {
            throw SnapshotsErrors.Newer("index page", version, Version);
        }

        var count = BinaryPrimitives.ReadInt32LittleEndian(raw[CountOffset..]);
        var rest = raw[HeaderLength..];
        if (count < 1 || count > rest.Length / EntryHeaderLength)
        {
            throw SnapshotsErrors.Block($"an index page of {count} entries", id.ToString());
        }

        var entries = new List<BlockReference>(count);
        for (var i = 0; i < count; i++)
        {
            entries.Add(ReadEntry(ref rest, id));
        }

        return rest.IsEmpty
            ? (raw[LevelOffset], entries)
            : throw SnapshotsErrors.Block("bytes stand behind its last entry", id.ToString());
    }

    private static void WriteEntry(ArrayBufferWriter<byte> output, BlockReference entry)
    {
        var length = EntryHeaderLength + entry.Lower.Length + entry.Upper.Length;
        var target = output.GetSpan(length);
        entry.Id.CopyTo(target[EntryId..]);
        var sums = entry.Statistics;
        BinaryPrimitives.WriteInt64LittleEndian(target[EntryBlocks..], sums.Blocks);
        BinaryPrimitives.WriteInt64LittleEndian(target[EntryRecords..], sums.Records);
        BinaryPrimitives.WriteInt64LittleEndian(target[EntryDocuments..], sums.Documents);
        BinaryPrimitives.WriteInt64LittleEndian(target[EntryDocumentBytes..], sums.DocumentBytes);
        BinaryPrimitives.WriteInt64LittleEndian(target[EntryRawBytes..], sums.RawBytes);
        BinaryPrimitives.WriteInt64LittleEndian(target[EntryStoredBytes..], sums.StoredBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(target[EntryLowerLength..], (ushort)entry.Lower.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(target[EntryUpperLength..], (ushort)entry.Upper.Length);
        entry.Lower.CopyTo(target[EntryHeaderLength..]);
        entry.Upper.CopyTo(target[(EntryHeaderLength + entry.Lower.Length)..]);
        output.Advance(length);
    }

    private static BlockReference ReadEntry(ref ReadOnlySpan<byte> rest, BlockId page)
    {
        if (rest.Length < EntryHeaderLength)
        {
            throw SnapshotsErrors.Block("an index entry is cut off", page.ToString());
        }

        var lower = BinaryPrimitives.ReadUInt16LittleEndian(rest[EntryLowerLength..]);
        var upper = BinaryPrimitives.ReadUInt16LittleEndian(rest[EntryUpperLength..]);
        if (rest.Length < EntryHeaderLength + lower + upper)
        {
            throw SnapshotsErrors.Block("an index entry's keys are cut off", page.ToString());
        }

        var entry = new BlockReference(
            new BlockId(rest.Slice(EntryId, BlockId.Length)),
            rest.Slice(EntryHeaderLength, lower).ToArray(),
            rest.Slice(EntryHeaderLength + lower, upper).ToArray(),
            new RunStatistics(
                BinaryPrimitives.ReadInt64LittleEndian(rest[EntryBlocks..]),
                BinaryPrimitives.ReadInt64LittleEndian(rest[EntryRecords..]),
                BinaryPrimitives.ReadInt64LittleEndian(rest[EntryDocuments..]),
                BinaryPrimitives.ReadInt64LittleEndian(rest[EntryDocumentBytes..]),
                BinaryPrimitives.ReadInt64LittleEndian(rest[EntryRawBytes..]),
                BinaryPrimitives.ReadInt64LittleEndian(rest[EntryStoredBytes..])
            )
        );
        rest = rest[(EntryHeaderLength + lower + upper)..];
        return entry;
    }
}

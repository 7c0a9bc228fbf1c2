using System.Buffers.Binary;
using Backup.Blockstore.Sealing;

namespace Backup.Blockstore.Packs;

/// <summary>How a block's content is stored. Frozen: the numbers are persisted.</summary>
internal enum BlockCodec : byte
{
    Raw = 0,
    Zstd = 1,
}

/// <summary>What else there is to know of a stored block. Frozen: the numbers are persisted.</summary>
[Flags]
internal enum BlockFlags : ushort
{
    None = 0,

    /// <summary>The payload is sealed: <see cref="SealingKey.Overhead"/> bytes longer than what the codec made.</summary>
    Sealed = 1,
}

/// <summary>
/// What stands before every block: enough to find, name and check it without any index. Little-endian; see
/// docs/formats/block-and-pack.md.
/// </summary>
internal readonly record struct BlockHeader(
    BlockCodec Codec,
    int RawLength,
    int PayloadLength,
    BlockId Id,
    uint PayloadCrc,
    BlockFlags Flags = BlockFlags.None
)
{
    internal const uint Magic = 0x4C424B42; // "BKBL"
    internal const byte Version = 1;

    private const int MagicAt = 0;
    private const int VersionAt = MagicAt + sizeof(uint);
    private const int CodecAt = VersionAt + sizeof(byte);
    private const int FlagsAt = CodecAt + sizeof(byte);
    private const int RawLengthAt = FlagsAt + sizeof(ushort);
    private const int PayloadLengthAt = RawLengthAt + sizeof(uint);
    private const int IdAt = PayloadLengthAt + sizeof(uint);
    private const int PayloadCrcAt = IdAt + BlockId.Length;
    private const int HeaderCrcAt = PayloadCrcAt + sizeof(uint);

    internal const int Length = HeaderCrcAt + sizeof(uint);

    /// <summary>The bytes up to the checksums: what is authenticated with a sealed payload.</summary>
    internal const int FrontLength = PayloadCrcAt;

    /// <summary>Bytes in the pack, header included.</summary>
    internal int StoredLength => Length + PayloadLength;

    internal bool IsSealed => Flags.HasFlag(BlockFlags.Sealed);

    internal void Write(Span<byte> to)
    {
        to = to[..Length];
        WriteFront(to);
        BinaryPrimitives.WriteUInt32LittleEndian(to[PayloadCrcAt..], PayloadCrc);
        BinaryPrimitives.WriteUInt32LittleEndian(to[HeaderCrcAt..], Crc32C.Of(to[..HeaderCrcAt]));
    }

    /// <summary>The first <see cref="FrontLength"/> bytes.</summary>
    internal void WriteFront(Span<byte> to)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(to[MagicAt..], Magic);
        to[VersionAt] = Version;
        to[CodecAt] = (byte)Codec;
        BinaryPrimitives.WriteUInt16LittleEndian(to[FlagsAt..], (ushort)Flags);
        BinaryPrimitives.WriteUInt32LittleEndian(to[RawLengthAt..], (uint)RawLength);
        BinaryPrimitives.WriteUInt32LittleEndian(to[PayloadLengthAt..], (uint)PayloadLength);
        Id.CopyTo(to[IdAt..]);
    }

    /// <summary>False where these bytes are no whole, unharmed header of a version, codec and flags that this program knows.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> from, out BlockHeader header)
    {
        header = default;
        if (
            from.Length < Length
            || BinaryPrimitives.ReadUInt32LittleEndian(from[MagicAt..]) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(from[HeaderCrcAt..]) != Crc32C.Of(from[..HeaderCrcAt])
        )
        {
            return false;
        }

        var raw = BinaryPrimitives.ReadUInt32LittleEndian(from[RawLengthAt..]);
        var payload = BinaryPrimitives.ReadUInt32LittleEndian(from[PayloadLengthAt..]);
        var codec = (BlockCodec)from[CodecAt];
        var flags = (BlockFlags)BinaryPrimitives.ReadUInt16LittleEndian(from[FlagsAt..]);
        var known = from[VersionAt] == Version && flags is BlockFlags.None or BlockFlags.Sealed;
        var content = (long)payload - (flags == BlockFlags.Sealed ? SealingKey.Overhead : 0);
        var sane =
            raw is > 0 and <= IBlockStore.MaxRawLength
            && content > 0
            && (codec == BlockCodec.Raw ? content == raw : codec == BlockCodec.Zstd && content < raw);
        if (!known || !sane)
        {
            return false;
        }

        header = new BlockHeader(
            codec,
            (int)raw,
            (int)payload,
            new BlockId(from.Slice(IdAt, BlockId.Length)),
            BinaryPrimitives.ReadUInt32LittleEndian(from[PayloadCrcAt..]),
            flags
        );
        return true;
    }
}

using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Backup.Blockstore;

/// <summary>The id of a block: 32 bytes, SHA-256 of its raw content (or an HMAC of it where the store is encrypted).</summary>
[StructLayout(LayoutKind.Sequential, Size = Length)]
public readonly struct BlockId : IEquatable<BlockId>, IComparable<BlockId>
{
    public const int Length = 32;

    private readonly ulong _a;
    private readonly ulong _b;
    private readonly ulong _c;
    private readonly ulong _d;

    public BlockId(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Length)
        {
            throw new ArgumentException($"A block id has {Length} bytes, not {bytes.Length}.", nameof(bytes));
        }

        this = MemoryMarshal.Read<BlockId>(bytes);
    }

    /// <summary>SHA-256 of a raw content.</summary>
    public static BlockId Of(ReadOnlySpan<byte> raw)
    {
        Span<byte> hash = stackalloc byte[Length];
        SHA256.HashData(raw, hash);
        return new BlockId(hash);
    }

    /// <summary>The first eight bytes, as the machine orders them: as good as any number to tell blocks apart by, where telling two for one does no harm.</summary>
    internal ulong Prefix => _a;

    public void CopyTo(Span<byte> destination) => MemoryMarshal.Write(destination, in this);

    public byte[] ToArray()
    {
        var bytes = new byte[Length];
        CopyTo(bytes);
        return bytes;
    }

    /// <summary>64 lower-case hex digits.</summary>
    public override string ToString() => Convert.ToHexStringLower(ToArray());

    /// <summary>Reads what <see cref="ToString"/> writes.</summary>
    public static bool TryParse(string? hex, out BlockId id)
    {
        id = default;
        if (hex is not { Length: Length * 2 } || !hex.All(char.IsAsciiHexDigit))
        {
            return false;
        }

        id = new BlockId(Convert.FromHexString(hex));
        return true;
    }

    public bool Equals(BlockId other) => _a == other._a && _b == other._b && _c == other._c && _d == other._d;

    public override bool Equals(object? obj) => obj is BlockId other && Equals(other);

    // The bytes of a cryptographic hash are as good as any hash of them.
    public override int GetHashCode() => (int)_a;

    public int CompareTo(BlockId other)
    {
        var mine = MemoryMarshal.AsBytes(new ReadOnlySpan<BlockId>(in this));
        var others = MemoryMarshal.AsBytes(new ReadOnlySpan<BlockId>(in other));
        return mine.SequenceCompareTo(others);
    }

    public static bool operator ==(BlockId left, BlockId right) => left.Equals(right);

    public static bool operator !=(BlockId left, BlockId right) => !left.Equals(right);
}

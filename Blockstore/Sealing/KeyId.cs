using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace Backup.Blockstore.Sealing;

/// <summary>The name of a key that blocks and objects are sealed under: 8 random bytes. It stands before whatever was sealed, and tells nothing of the key.</summary>
/// <param name="Value">The bytes, little-endian.</param>
public readonly record struct KeyId(ulong Value)
{
    public const int Length = sizeof(ulong);

    public KeyId(ReadOnlySpan<byte> bytes)
        : this(BinaryPrimitives.ReadUInt64LittleEndian(bytes)) { }

    /// <summary>One that was never given before, but for a chance of one in 2^64.</summary>
    public static KeyId New() => new(RandomNumberGenerator.GetBytes(Length));

    public void CopyTo(Span<byte> destination) => BinaryPrimitives.WriteUInt64LittleEndian(destination, Value);

    /// <summary>16 lower-case hex digits, in the order of the bytes.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Length];
        CopyTo(bytes);
        return Convert.ToHexStringLower(bytes);
    }

    /// <summary>Reads what <see cref="ToString"/> writes.</summary>
    public static bool TryParse(string? text, out KeyId id)
    {
        var isHex = ulong.TryParse(
            text,
            NumberStyles.AllowHexSpecifier,
            CultureInfo.InvariantCulture,
            out var bigEndian
        );
        id = new KeyId(BinaryPrimitives.ReverseEndianness(bigEndian));
        return isHex && text!.Length == Length * 2;
    }
}

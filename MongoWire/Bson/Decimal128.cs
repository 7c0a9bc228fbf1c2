namespace Backup.MongoWire.Bson;

/// <summary>
/// IEEE 754-2008 decimal128 as BSON holds it (binary integer decimal, 16 bytes little-endian): kept bit for bit,
/// so that trailing zeros, signed zeros and NaN survive. Equality is that of the bits; the order is by value.
/// </summary>
public readonly record struct Decimal128(ulong High, ulong Low) : IComparable<Decimal128>
{
    public static Decimal128 Read(ReadOnlySpan<byte> sixteenBytes) => throw new NotSupportedException();

    public void Write(Span<byte> sixteenBytes) => throw new NotSupportedException();

    /// <summary>As the Decimal128 specification writes it.</summary>
    public override string ToString() => throw new NotSupportedException();

    /// <summary>Exact or not at all: a value that would have to be rounded is refused.</summary>
    public static bool TryParse(ReadOnlySpan<byte> utf8, out Decimal128 value) => throw new NotSupportedException();

    /// <summary>By value, NaN first: 1.0 equals 1.00, -0 equals 0.</summary>
    public int CompareTo(Decimal128 other) => throw new NotSupportedException();
}

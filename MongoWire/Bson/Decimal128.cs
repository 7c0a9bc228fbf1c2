using System.Buffers.Binary;

namespace Backup.MongoWire.Bson;

/// <summary>
/// IEEE 754-2008 decimal128 as BSON holds it (binary integer decimal, 16 bytes little-endian): kept bit for bit,
/// so that trailing zeros, signed zeros and NaN survive. Equality is that of the bits; the order is by value.
/// Source: the BSON Decimal128 specification.
/// </summary>
/// <param name="High">Sign, 14 bits of biased exponent and the coefficient's upper 49 bits.</param>
/// <param name="Low">The coefficient's lower 64 bits.</param>
public readonly partial record struct Decimal128(ulong High, ulong Low) : IComparable<Decimal128>
{
    /// <summary>Digits of a coefficient.</summary>
    public const int Precision = 34;

    /// <summary>The exponent of the last digit of the smallest values.</summary>
    public const int MinimumExponent = -6176;

    /// <summary>The exponent of the last digit of the largest values.</summary>
    public const int MaximumExponent = 6111;

    private const ulong SignBit = 1UL << 63;
    private const ulong InfinityBits = 0x7800_0000_0000_0000;
    private const ulong NaNBits = 0x7C00_0000_0000_0000;

    /// <summary>10^0 to 10^34; a coefficient is below the last one.</summary>
    private static readonly UInt128[] PowersOfTen = MakePowersOfTen();

    public static readonly Decimal128 NaN = new(NaNBits, 0);
    public static readonly Decimal128 PositiveInfinity = new(InfinityBits, 0);
    public static readonly Decimal128 NegativeInfinity = new(InfinityBits | SignBit, 0);

    public bool IsNegative => (High & SignBit) != 0;

    public bool IsNaN => (High & NaNBits) == NaNBits;

    public bool IsInfinity => (High & NaNBits) == InfinityBits;

    public bool IsFinite => (High & InfinityBits) != InfinityBits;

    /// <summary>Whether it equals 0, whatever its sign and exponent.</summary>
    public bool IsZero => IsFinite && Coefficient == 0;

    /// <summary>The digits as a whole number, below 10^34. A coefficient that is none (not canonical) counts as 0.</summary>
    public UInt128 Coefficient
    {
        get
        {
            // With both upper exponent bits set, the coefficient starts with 0b100: at least 2^113, above 10^34.
            if (HasLargeCoefficient)
            {
                return 0;
            }

            var coefficient = new UInt128(High & 0x0001_FFFF_FFFF_FFFF, Low);
            return coefficient < CoefficientBound ? coefficient : 0;
        }
    }

    /// <summary>The power of ten of the coefficient's last digit, of a finite value.</summary>
    public int Exponent => (int)((HasLargeCoefficient ? High >> 47 : High >> 49) & 0x3FFF) + MinimumExponent;

    private bool HasLargeCoefficient => (High & 0x6000_0000_0000_0000) == 0x6000_0000_0000_0000;

    public static Decimal128 Read(ReadOnlySpan<byte> sixteenBytes) =>
        new(
            BinaryPrimitives.ReadUInt64LittleEndian(sixteenBytes[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(sixteenBytes)
        );

    public void Write(Span<byte> sixteenBytes)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(sixteenBytes[8..], High);
        BinaryPrimitives.WriteUInt64LittleEndian(sixteenBytes, Low);
    }

    public static Decimal128 FromInt64(long value) => Of(value < 0, value < 0 ? (ulong)-value : (ulong)value, 0);

    /// <param name="coefficient">Below 10^34.</param>
    /// <param name="exponent"><see cref="MinimumExponent"/> to <see cref="MaximumExponent"/>.</param>
    public static Decimal128 Of(bool negative, UInt128 coefficient, int exponent)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(coefficient, CoefficientBound);
        ArgumentOutOfRangeException.ThrowIfLessThan(exponent, MinimumExponent);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(exponent, MaximumExponent);
        var high = (ulong)(coefficient >> 64) | ((ulong)(exponent - MinimumExponent) << 49);
        return new Decimal128(negative ? high | SignBit : high, (ulong)coefficient);
    }

    /// <summary>By value, NaN first: 1.0 equals 1.00, -0 equals 0, NaN equals NaN.</summary>
    public int CompareTo(Decimal128 other)
    {
        if (IsNaN || other.IsNaN)
        {
            return other.IsNaN.CompareTo(IsNaN);
        }

        var sign = Sign;
        return sign != other.Sign ? sign.CompareTo(other.Sign)
            : sign == 0 ? 0
            : sign * CompareMagnitude(other);
    }

    public static bool operator <(Decimal128 left, Decimal128 right) => left.CompareTo(right) < 0;

    public static bool operator >(Decimal128 left, Decimal128 right) => left.CompareTo(right) > 0;

    public static bool operator <=(Decimal128 left, Decimal128 right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Decimal128 left, Decimal128 right) => left.CompareTo(right) >= 0;

    /// <summary>-1, 0 or 1; not for NaN.</summary>
    internal int Sign =>
        IsZero ? 0
        : IsNegative ? -1
        : 1;

    /// <summary>The power of ten of the coefficient's first digit, of a finite value other than 0.</summary>
    internal int Magnitude => DigitsOf(Coefficient) - 1 + Exponent;

    private static UInt128 CoefficientBound => PowersOfTen[Precision];

    private static UInt128[] MakePowersOfTen()
    {
        var powers = new UInt128[Precision + 1];
        powers[0] = 1;
        for (var i = 1; i < powers.Length; i++)
        {
            powers[i] = powers[i - 1] * 10;
        }

        return powers;
    }

    private static int DigitsOf(UInt128 coefficient)
    {
        var index = Array.BinarySearch(PowersOfTen, coefficient);
        return Math.Max(1, index >= 0 ? index + 1 : ~index);
    }

    /// <summary>Of two values of the same sign, neither 0 nor NaN.</summary>
    private int CompareMagnitude(Decimal128 other)
    {
        if (IsInfinity || other.IsInfinity)
        {
            return IsInfinity.CompareTo(other.IsInfinity);
        }

        var order = Magnitude.CompareTo(other.Magnitude);
        if (order != 0)
        {
            return order;
        }

        // Their first digits stand at the same place, so the exponents differ by less than 34 and, brought to the
        // lower exponent, both still have at most 34 digits.
        var shared = Math.Min(Exponent, other.Exponent);
        return (Coefficient * PowersOfTen[Exponent - shared]).CompareTo(
            other.Coefficient * PowersOfTen[other.Exponent - shared]
        );
    }
}

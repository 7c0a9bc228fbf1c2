using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Backup.MongoWire.Bson;

/// <summary>
/// A number of any of the four types, ordered by its exact value: NaN first, -0 equal to 0, never rounded on the way.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct BsonNumber
{
    private const double TwoTo63 = 9223372036854775808.0;
    private readonly Kind _kind;
    private readonly long _whole;
    private readonly double _double;
    private readonly Decimal128 _decimal;

    private BsonNumber(long whole)
    {
        _kind = Kind.Whole;
        _whole = whole;
    }

    private BsonNumber(double value)
    {
        _kind = Kind.Double;
        _double = value;
    }

    private BsonNumber(Decimal128 value)
    {
        _kind = Kind.Decimal;
        _decimal = value;
    }

    private enum Kind : byte
    {
        Whole,
        Double,
        Decimal,
    }

    internal static BsonNumber Read(BsonType type, ReadOnlySpan<byte> value) =>
        type switch
        {
            BsonType.Int32 => new BsonNumber((long)BinaryPrimitives.ReadInt32LittleEndian(value)),
            BsonType.Int64 => new BsonNumber(BinaryPrimitives.ReadInt64LittleEndian(value)),
            BsonType.Double => new BsonNumber(BinaryPrimitives.ReadDoubleLittleEndian(value)),
            BsonType.Decimal128 => new BsonNumber(Decimal128.Read(value)),
            _ => throw MongoWireErrors.Malformed($"{type} is no number", 0),
        };

    internal int CompareTo(BsonNumber other) =>
        (_kind, other._kind) switch
        {
            (Kind.Whole, Kind.Whole) => _whole.CompareTo(other._whole),
            // Framework's order of doubles: NaN first and equal to itself, -0.0 equal to 0.0.
            (Kind.Double, Kind.Double) => _double.CompareTo(other._double),
            (Kind.Decimal, Kind.Decimal) => _decimal.CompareTo(other._decimal),
            (Kind.Whole, Kind.Double) => Compare(_whole, other._double),
            (Kind.Double, Kind.Whole) => -Compare(other._whole, _double),
            (Kind.Whole, Kind.Decimal) => Decimal128.FromInt64(_whole).CompareTo(other._decimal),
            (Kind.Decimal, Kind.Whole) => _decimal.CompareTo(Decimal128.FromInt64(other._whole)),
            (Kind.Decimal, Kind.Double) => Compare(_decimal, other._double),
            _ => -Compare(other._decimal, _double),
        };

    private static int Compare(long whole, double value)
    {
        if (double.IsNaN(value) || value < -TwoTo63)
        {
            return 1;
        }

        if (value >= TwoTo63)
        {
            return -1;
        }

        // Inside the range of longs the whole part is exact; what was cut off decides a tie.
        var cut = Math.Truncate(value);
        var order = whole.CompareTo((long)cut);
        return order != 0 ? order : cut.CompareTo(value);
    }

    private static int Compare(Decimal128 left, double right)
    {
        if (left.IsNaN || double.IsNaN(right))
        {
            return double.IsNaN(right).CompareTo(left.IsNaN);
        }

        var rightSign = right == 0 ? 0 : Math.Sign(right);
        if (left.Sign != rightSign || rightSign == 0)
        {
            return left.Sign.CompareTo(rightSign);
        }

        if (left.IsInfinity || double.IsInfinity(right))
        {
            return rightSign * left.IsInfinity.CompareTo(double.IsInfinity(right));
        }

        return rightSign * CompareMagnitude(left, Math.Abs(right));
    }

    /// <summary>|left| against right, both finite and not 0.</summary>
    private static int CompareMagnitude(Decimal128 left, double right)
    {
        // Doubles lie between 4.9e-324 and 1.8e308: most pairs are decided without long arithmetic.
        var magnitude = left.Magnitude;
        if (magnitude is > 308 or < -324)
        {
            return magnitude;
        }

        var estimate = Math.Log10(right);
        if (Math.Abs(magnitude - estimate) > 2)
        {
            return magnitude > estimate ? 1 : -1;
        }

        // left = c * 10^e and right = m * 2^p; each power goes to the side where it multiplies.
        BigInteger leftSide = left.Coefficient;
        var (mantissa, power) = Split(right);
        BigInteger rightSide = mantissa;
        if (left.Exponent >= 0)
        {
            leftSide *= BigInteger.Pow(10, left.Exponent);
        }
        else
        {
            rightSide *= BigInteger.Pow(10, -left.Exponent);
        }

        return power >= 0 ? leftSide.CompareTo(rightSide << power) : (leftSide << -power).CompareTo(rightSide);
    }

    /// <summary>A finite value above 0 as <c>Mantissa * 2^Power</c>, exactly.</summary>
    private static (ulong Mantissa, int Power) Split(double value)
    {
        var bits = BitConverter.DoubleToUInt64Bits(value);
        var exponent = (int)((bits >> 52) & 0x7FF);
        var fraction = bits & 0x000F_FFFF_FFFF_FFFF;
        return exponent == 0 ? (fraction, -1074) : (fraction | (1UL << 52), exponent - 1075);
    }
}

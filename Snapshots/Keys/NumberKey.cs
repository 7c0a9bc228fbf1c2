using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using Backup.MongoWire.Bson;

namespace Backup.Snapshots.Keys;

/// <summary>
/// Numbers of every type as one exact decimal form: 0.d1d2d3… × 10^e with d1 ≠ 0. Any double and any decimal128 has finitely many
/// digits, so nothing is ever rounded. Bytes: class (see <see cref="KeyTypes"/>), e + 0x8000 big-endian in 2 bytes, then two digits a
/// byte as 1 to 100 without trailing zero pairs, then 0; all but the class inverted for negative numbers.
/// </summary>
internal static class NumberKey
{
    private const int ExponentBias = 0x8000;
    private const int Decimal128Bias = 6176;

    /// <summary>10^34 - 1: a larger coefficient is not canonical and stands for zero. Source: IEEE 754-2008, 3.5.2.</summary>
    private static readonly UInt128 MaxCoefficient = UInt128.Parse(new string('9', 34), CultureInfo.InvariantCulture);

    internal static void Write(BsonElement number, ArrayBufferWriter<byte> output)
    {
        switch (number.Type)
        {
            case BsonType.Int32:
                Whole(number.AsInt32, output);
                break;
            case BsonType.Int64:
                Whole(number.AsInt64, output);
                break;
            case BsonType.Double:
                Floating(number.AsDouble, output);
                break;
            default:
                Decimal(number.Value, output);
                break;
        }
    }

    private static void Whole(long value, ArrayBufferWriter<byte> output)
    {
        if (value == 0)
        {
            Class(KeyTypes.Zero, output);
            return;
        }

        Span<byte> digits = stackalloc byte[20];
        var magnitude = value < 0 ? 0UL - (ulong)value : (ulong)value;
        magnitude.TryFormat(digits, out var count, default, CultureInfo.InvariantCulture);
        Finite(value < 0, digits[..count], count, output);
    }

    private static void Floating(double value, ArrayBufferWriter<byte> output)
    {
        if (double.IsNaN(value))
        {
            Class(KeyTypes.NotANumber, output);
        }
        else if (double.IsInfinity(value))
        {
            Class(value < 0 ? KeyTypes.NegativeInfinity : KeyTypes.PositiveInfinity, output);
        }
        else if (Math.Abs(value) < 1L << 62 && Math.Truncate(value) == value)
        {
            Whole((long)value, output);
        }
        else
        {
            Binary(value, output);
        }
    }

    /// <summary>mantissa × 2^exponent, as digits × 10^-shift: 2^-k is 5^k / 10^k.</summary>
    private static void Binary(double value, ArrayBufferWriter<byte> output)
    {
        var bits = BitConverter.DoubleToUInt64Bits(value);
        var exponent = (int)((bits >> 52) & 0x7FF);
        var mantissa = bits & 0xF_FFFF_FFFF_FFFF;
        if (exponent == 0)
        {
            exponent = 1;
        }
        else
        {
            mantissa |= 1UL << 52;
        }

        var zeros = BitOperations.TrailingZeroCount(mantissa);
        mantissa >>= zeros;
        exponent += zeros - 1075;
        var whole = exponent >= 0 ? (BigInteger)mantissa << exponent : mantissa * BigInteger.Pow(5, -exponent);
        var shift = exponent >= 0 ? 0 : -exponent;
        var text = whole.ToString(CultureInfo.InvariantCulture);
        Span<byte> digits = stackalloc byte[1100];
        for (var i = 0; i < text.Length; i++)
        {
            digits[i] = (byte)text[i];
        }

        Finite(value < 0, digits[..text.Length], text.Length - shift, output);
    }

    private static void Decimal(ReadOnlySpan<byte> value, ArrayBufferWriter<byte> output)
    {
        var low = BinaryPrimitives.ReadUInt64LittleEndian(value);
        var high = BinaryPrimitives.ReadUInt64LittleEndian(value[8..]);
        var negative = high >> 63 != 0;
        var combination = (high >> 58) & 0x1F;
        if (combination == 0x1F)
        {
            Class(KeyTypes.NotANumber, output);
            return;
        }

        if (combination == 0x1E)
        {
            Class(negative ? KeyTypes.NegativeInfinity : KeyTypes.PositiveInfinity, output);
            return;
        }

        // The form with both high combination bits set has a coefficient of 2^113 or more, which is never canonical.
        var coefficient = combination >= 0x18 ? UInt128.Zero : new UInt128(high & 0x1_FFFF_FFFF_FFFF, low);
        if (coefficient == 0 || coefficient > MaxCoefficient)
        {
            Class(KeyTypes.Zero, output);
            return;
        }

        var exponent = (int)((high >> 49) & 0x3FFF) - Decimal128Bias;
        Span<byte> digits = stackalloc byte[40];
        coefficient.TryFormat(digits, out var count, default, CultureInfo.InvariantCulture);
        Finite(negative, digits[..count], count + exponent, output);
    }

    /// <param name="negative">Its sign.</param>
    /// <param name="digits">ASCII, the first one not zero.</param>
    /// <param name="exponent">e of 0.digits × 10^e.</param>
    private static void Finite(bool negative, ReadOnlySpan<byte> digits, int exponent, ArrayBufferWriter<byte> output)
    {
        digits = digits.TrimEnd((byte)'0');
        var length = 3 + ((digits.Length + 1) / 2) + 1;
        var key = output.GetSpan(length)[..length];
        key[0] = negative ? KeyTypes.Negative : KeyTypes.Positive;
        BinaryPrimitives.WriteUInt16BigEndian(key[1..], (ushort)(exponent + ExponentBias));
        var at = 3;
        for (var i = 0; i < digits.Length; i += 2)
        {
            var units = i + 1 < digits.Length ? digits[i + 1] - '0' : 0;
            key[at++] = (byte)((((digits[i] - '0') * 10) + units) + 1);
        }

        key[at] = 0;
        if (negative)
        {
            foreach (ref var part in key[1..])
            {
                part = (byte)~part;
            }
        }

        output.Advance(length);
    }

    private static void Class(byte type, ArrayBufferWriter<byte> output)
    {
        output.GetSpan(1)[0] = type;
        output.Advance(1);
    }
}

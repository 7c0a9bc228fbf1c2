using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Backup.MongoWire.Bson;

/// <summary>Decimal128 as text. Source: the BSON Decimal128 specification, "From string" and "To string".</summary>
public readonly partial record struct Decimal128
{
    /// <summary>The most bytes that <see cref="Format"/> writes.</summary>
    public const int MaximumTextLength = 48;

    public override string ToString()
    {
        Span<byte> text = stackalloc byte[MaximumTextLength];
        return Encoding.ASCII.GetString(text[..Format(text)]);
    }

    /// <summary>Plain digits where the value is near 1, scientific notation elsewhere; every trailing zero is kept.</summary>
    /// <param name="utf8">At least <see cref="MaximumTextLength"/> bytes.</param>
    /// <returns>How many bytes were written.</returns>
    public int Format(Span<byte> utf8)
    {
        if (IsNaN)
        {
            "NaN"u8.CopyTo(utf8);
            return 3;
        }

        var length = 0;
        if (IsNegative)
        {
            utf8[length++] = (byte)'-';
        }

        if (IsInfinity)
        {
            "Infinity"u8.CopyTo(utf8[length..]);
            return length + 8;
        }

        Span<byte> digits = stackalloc byte[Precision];
        Coefficient.TryFormat(digits, out var count, default, CultureInfo.InvariantCulture);
        digits = digits[..count];
        var asPlain = Exponent <= 0 && Exponent + count - 1 >= -6;
        var rest = utf8[length..];
        return length + (asPlain ? Plain(digits, Exponent, rest) : Scientific(digits, Exponent, rest));
    }

    /// <summary>Reads what <see cref="Format"/> writes and everything the specification's grammar allows.</summary>
    /// <returns>False where it is no number, or one that would have to be rounded: exact or not at all.</returns>
    public static bool TryParse(ReadOnlySpan<byte> utf8, out Decimal128 value)
    {
        value = default;
        var negative = !utf8.IsEmpty && utf8[0] == '-';
        var rest = negative || (!utf8.IsEmpty && utf8[0] == '+') ? utf8[1..] : utf8;
        if (Ascii.EqualsIgnoreCase(rest, "nan"u8))
        {
            value = NaN;
            return true;
        }

        if (Ascii.EqualsIgnoreCase(rest, "inf"u8) || Ascii.EqualsIgnoreCase(rest, "infinity"u8))
        {
            value = negative ? NegativeInfinity : PositiveInfinity;
            return true;
        }

        return TryDigits(ref rest, out var coefficient, out var exponent)
            && TryExponent(rest, ref exponent)
            && TryFit(negative, coefficient, exponent, out value);
    }

    private static int Plain(ReadOnlySpan<byte> digits, int exponent, Span<byte> utf8)
    {
        if (exponent == 0)
        {
            digits.CopyTo(utf8);
            return digits.Length;
        }

        var whole = digits.Length + exponent;
        if (whole > 0)
        {
            digits[..whole].CopyTo(utf8);
            utf8[whole] = (byte)'.';
            digits[whole..].CopyTo(utf8[(whole + 1)..]);
            return digits.Length + 1;
        }

        "0."u8.CopyTo(utf8);
        utf8.Slice(2, -whole).Fill((byte)'0');
        digits.CopyTo(utf8[(2 - whole)..]);
        return 2 - whole + digits.Length;
    }

    private static int Scientific(ReadOnlySpan<byte> digits, int exponent, Span<byte> utf8)
    {
        var length = 0;
        utf8[length++] = digits[0];
        if (digits.Length > 1)
        {
            utf8[length++] = (byte)'.';
            digits[1..].CopyTo(utf8[length..]);
            length += digits.Length - 1;
        }

        utf8[length++] = (byte)'E';
        exponent += digits.Length - 1;
        utf8[length++] = exponent < 0 ? (byte)'-' : (byte)'+';
        Utf8Formatter.TryFormat(Math.Abs(exponent), utf8[length..], out var written);
        return length + written;
    }

    /// <summary>Digits with at most one point among them; zeros behind 34 digits go into the exponent.</summary>
    private static bool TryDigits(ref ReadOnlySpan<byte> text, out UInt128 coefficient, out long exponent)
    {
        coefficient = 0;
        exponent = 0;
        var any = false;
        var point = false;
        var at = 0;
        for (; at < text.Length; at++)
        {
            if (text[at] == '.' && !point)
            {
                point = true;
                continue;
            }

            if (!char.IsAsciiDigit((char)text[at]))
            {
                break;
            }

            any = true;
            var digit = (uint)(text[at] - '0');
            if (coefficient < CoefficientBound / 10)
            {
                coefficient = (coefficient * 10) + digit;
                exponent -= point ? 1 : 0;
            }
            else if (digit == 0)
            {
                exponent += point ? 0 : 1;
            }
            else
            {
                return false;
            }
        }

        text = text[at..];
        return any;
    }

    private static bool TryExponent(ReadOnlySpan<byte> text, ref long exponent)
    {
        if (text.IsEmpty)
        {
            return true;
        }

        if (text[0] is not ((byte)'e' or (byte)'E'))
        {
            return false;
        }

        text = text[1..];
        var negative = !text.IsEmpty && text[0] == '-';
        text = negative || (!text.IsEmpty && text[0] == '+') ? text[1..] : text;
        // Further digits would only lead further out of the range.
        const long enough = 1_000_000_000;
        long written = 0;
        foreach (var digit in text)
        {
            if (!char.IsAsciiDigit((char)digit))
            {
                return false;
            }

            written = Math.Min((written * 10) + digit - '0', enough);
        }

        exponent += negative ? -written : written;
        return !text.IsEmpty;
    }

    /// <summary>Brings the exponent into its range by zeros of the coefficient, which must be there to take or have room to come.</summary>
    private static bool TryFit(bool negative, UInt128 coefficient, long exponent, out Decimal128 value)
    {
        value = default;
        if (coefficient == 0)
        {
            exponent = Math.Clamp(exponent, MinimumExponent, MaximumExponent);
        }

        for (; exponent < MinimumExponent; exponent++)
        {
            (coefficient, var digit) = UInt128.DivRem(coefficient, 10);
            if (digit != 0)
            {
                return false;
            }
        }

        for (; exponent > MaximumExponent; exponent--)
        {
            if (coefficient >= CoefficientBound / 10)
            {
                return false;
            }

            coefficient *= 10;
        }

        value = Of(negative, coefficient, (int)exponent);
        return true;
    }
}

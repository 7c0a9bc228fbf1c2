using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Backup.MongoWire.Bson;

/// <summary>
/// The 64 bits that stand for a value in a hashed index and a hashed shard key: the first half of the MD5 of a seed, the value's type and the
/// value, numbers as whole ones. Source: the server's hasher.cpp; held against values recorded of a real server.
/// </summary>
public static class HashedKey
{
    private const double TwoToThe63 = 9_223_372_036_854_775_808.0;

    /// <param name="value">Of any type; the null of a document that lacks the field.</param>
    public static long Of(BsonElement value)
    {
        // MD5 by the server's definition; nothing rests on its strength here.
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        Int32(hash, 0);
        Append(hash, value, named: false);
        Span<byte> digest = stackalloc byte[16];
        hash.GetHashAndReset(digest);
        return BinaryPrimitives.ReadInt64LittleEndian(digest);
    }

    private static void Append(IncrementalHash hash, BsonElement value, bool named)
    {
        Int32(hash, BsonOrder.Bracket(value.Type));
        if (named)
        {
            hash.AppendData(value.Name);
            hash.AppendData([0]);
        }

        switch (value.Type)
        {
            case BsonType.Document or BsonType.Array:
                Fields(hash, value.AsDocument);
                break;
            case BsonType.JavaScriptWithScope:
                var parts = BsonCodeWithScope.Read(value.Value);
                hash.AppendData(parts.Code);
                hash.AppendData([0]);
                Fields(hash, parts.Scope);
                break;
            case BsonType.Int32 or BsonType.Int64 or BsonType.Double or BsonType.Decimal128:
                Span<byte> bytes = stackalloc byte[8];
                BinaryPrimitives.WriteInt64LittleEndian(bytes, Whole(value));
                hash.AppendData(bytes);
                break;
            default:
                hash.AppendData(value.Value);
                break;
        }
    }

    private static void Fields(IncrementalHash hash, BsonView document)
    {
        foreach (var field in document)
        {
            Append(hash, field, named: true);
        }

        Int32(hash, BsonOrder.Bracket(BsonType.EndOfDocument));
    }

    /// <summary>
    /// A number without its fraction; out of range the nearest that there is, and 0 for what is no number. Of all doubles exactly 2^63 goes to the
    /// wrong end: so it has always been, and stored hashes cannot change.
    /// </summary>
    private static long Whole(BsonElement value) =>
        value.Type switch
        {
            BsonType.Double => value.AsDouble switch
            {
                double.NaN => 0,
                TwoToThe63 => long.MinValue,
                > TwoToThe63 => long.MaxValue,
                < -TwoToThe63 => long.MinValue,
                var number => (long)number,
            },
            BsonType.Decimal128 => Whole(Decimal128.Read(value.Value)),
            _ => value.ToInt64(),
        };

    /// <summary>Of a decimal the nearest whole number, of two the even one.</summary>
    private static long Whole(Decimal128 value)
    {
        if (value.IsNaN || value.IsZero)
        {
            return 0;
        }

        // More than 19 digits before the point are out of range, whatever they are; the rest fits 128 bits.
        if (value.IsInfinity || value.Magnitude > 19)
        {
            return value.IsNegative ? long.MinValue : long.MaxValue;
        }

        var whole = value.Coefficient;
        for (var exponent = value.Exponent; exponent > 0; exponent--)
        {
            whole *= 10;
        }

        whole = value.Exponent < 0 ? Rounded(whole, -value.Exponent) : whole;
        var bound = (UInt128)long.MaxValue;
        return value.IsNegative
            ? whole > bound
                ? long.MinValue
                : -(long)whole
            : whole > bound
                ? long.MaxValue
                : (long)whole;
    }

    private static UInt128 Rounded(UInt128 digits, int places)
    {
        // All digits stand behind the point, the first of them not right behind it: less than a half.
        if (places > Decimal128.Precision)
        {
            return 0;
        }

        UInt128 unit = 1;
        for (var i = 0; i < places; i++)
        {
            unit *= 10;
        }

        var (whole, rest) = UInt128.DivRem(digits, unit);
        var half = unit / 2;
        return rest > half || (rest == half && (whole & 1) == 1) ? whole + 1 : whole;
    }

    private static void Int32(IncrementalHash hash, int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        hash.AppendData(bytes);
    }
}

using System.Buffers.Binary;
using System.Security.Cryptography;
using Backup.MongoWire.Bson;

namespace Backup.Sandbox.Sharding.Catalogue;

/// <summary>
/// The 64 bits that stand for a value in a hashed shard key: of the MD5 of a seed, the value's type and the value, numbers as whole ones.
/// Source: the server's hasher.cpp.
/// </summary>
internal static class HashedKey
{
    public static long Of(BsonElement value)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        Int32(hash, 0);
        Append(hash, value, named: false);
        return BinaryPrimitives.ReadInt64LittleEndian(hash.GetHashAndReset());
    }

    private static void Append(IncrementalHash hash, BsonElement value, bool named)
    {
        Int32(hash, BsonOrder.Bracket(value.Type));
        if (named)
        {
            hash.AppendData(value.Name);
            hash.AppendData([0]);
        }

        if (value.Type is BsonType.Document or BsonType.Array)
        {
            foreach (var field in value.AsDocument)
            {
                Append(hash, field, named: true);
            }

            Int32(hash, BsonOrder.Bracket(BsonType.EndOfDocument));
        }
        else if (BsonOrder.Bracket(value.Type) == BsonOrder.Bracket(BsonType.Int64))
        {
            Span<byte> bytes = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(bytes, Whole(value));
            hash.AppendData(bytes);
        }
        else
        {
            hash.AppendData(value.Value);
        }
    }

    /// <summary>A number without its fraction; out of range the nearest that there is, and 0 for what is no number.</summary>
    private static long Whole(BsonElement value) =>
        value.Type switch
        {
            BsonType.Double => value.AsDouble switch
            {
                double.NaN => 0,
                >= long.MaxValue => long.MaxValue,
                <= long.MinValue => long.MinValue,
                var number => (long)number,
            },
            BsonType.Decimal128 => throw CommandFault.BadValue("The sandbox hashes no decimals."),
            _ => value.ToInt64(),
        };

    private static void Int32(IncrementalHash hash, int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        hash.AppendData(bytes);
    }
}

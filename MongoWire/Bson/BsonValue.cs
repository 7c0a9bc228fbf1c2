using System.Buffers.Binary;

namespace Backup.MongoWire.Bson;

/// <summary>How long a raw value is, by its type. Source: bsonspec.org.</summary>
internal static class BsonValue
{
    /// <summary>The bytes of the value at the start of <paramref name="rest"/>; its own frame is checked, not its content.</summary>
    /// <param name="type">The element's type byte.</param>
    /// <param name="rest">The document's bytes from the value on, without the document's closing zero.</param>
    /// <param name="offset">For the error: where the element stands.</param>
    internal static int LengthOf(BsonType type, ReadOnlySpan<byte> rest, int offset)
    {
        var length = type switch
        {
            BsonType.Double or BsonType.DateTime or BsonType.Timestamp or BsonType.Int64 => 8,
            BsonType.Int32 => 4,
            BsonType.Boolean => 1,
            BsonType.Null or BsonType.Undefined or BsonType.MinKey or BsonType.MaxKey => 0,
            BsonType.ObjectId => 12,
            BsonType.Decimal128 => 16,
            BsonType.String or BsonType.Symbol or BsonType.JavaScript => Text(rest, offset),
            BsonType.Document or BsonType.Array => Framed(rest, 5, 0, offset),
            BsonType.JavaScriptWithScope => Framed(rest, 14, 0, offset),
            BsonType.Binary => Framed(rest, 0, 5, offset),
            BsonType.DbPointer => Text(rest, offset) + 12L,
            BsonType.RegularExpression => Regex(rest, offset),
            _ => throw MongoWireErrors.Malformed($"unknown element type 0x{(byte)type:x2}", offset),
        };
        return length <= rest.Length
            ? (int)length
            : throw MongoWireErrors.Malformed($"a value of {length} bytes with {rest.Length} left", offset);
    }

    private static long Text(ReadOnlySpan<byte> rest, int offset)
    {
        var length = Framed(rest, 1, 4, offset);
        return length <= rest.Length && rest[(int)length - 1] == 0
            ? length
            : throw MongoWireErrors.Malformed("a string without its closing zero", offset);
    }

    private static long Framed(ReadOnlySpan<byte> rest, int minimum, int extra, int offset)
    {
        if (rest.Length < 4)
        {
            throw MongoWireErrors.Malformed("a length is cut off", offset);
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(rest);
        return length >= minimum
            ? length + (long)extra
            : throw MongoWireErrors.Malformed($"length {length} is too small", offset);
    }

    private static long Regex(ReadOnlySpan<byte> rest, int offset)
    {
        var pattern = rest.IndexOf((byte)0);
        var options = pattern < 0 ? -1 : rest[(pattern + 1)..].IndexOf((byte)0);
        return options >= 0
            ? pattern + 1 + options + 1
            : throw MongoWireErrors.Malformed("a regular expression has no end", offset);
    }
}

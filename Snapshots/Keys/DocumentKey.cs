using System.Buffers;
using System.Buffers.Binary;
using Backup.MongoWire.Bson;

namespace Backup.Snapshots.Keys;

/// <summary>
/// The `_id` of a document as bytes whose unsigned bytewise order is the order of MongoDB's `_id` index (simple collation), for every type
/// and mixtures. Two values that the index holds for equal (1 and 1.0, a string and the same symbol) give the same key; the key cannot be
/// turned back. Layout in docs/formats/record.md; frozen: blocks are cut and sorted by it. The order is that of the server's
/// KeyString (mongo/db/storage/key_string.cpp), the bytes are not.
/// </summary>
public static class DocumentKey
{
    private const byte EndOfList = 0x00;

    private static ReadOnlySpan<byte> EscapedZero => [0x00, 0xFF];

    /// <summary>Appends the key of a document's `_id`.</summary>
    /// <exception cref="Foundation.Errors.BackupException">4004 where it has none, 2001 where it is malformed.</exception>
    public static void Write(BsonView document, ArrayBufferWriter<byte> output) => Write(IdOf(document), output);

    /// <summary>Appends the key of an `_id`.</summary>
    public static void Write(BsonElement id, ArrayBufferWriter<byte> output) => Value(id, output);

    /// <summary>The key of a document's `_id`.</summary>
    public static byte[] Of(BsonView document)
    {
        var output = new ArrayBufferWriter<byte>(32);
        Write(document, output);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>A document's `_id`.</summary>
    /// <exception cref="Foundation.Errors.BackupException">4004 where it has none.</exception>
    public static BsonElement IdOf(BsonView document) =>
        document.TryGet("_id"u8, out var id) ? id : throw SnapshotsErrors.WithoutId();

    private static void Value(BsonElement element, ArrayBufferWriter<byte> output)
    {
        if (element.Type is BsonType.Int32 or BsonType.Int64 or BsonType.Double or BsonType.Decimal128)
        {
            NumberKey.Write(element, output);
            return;
        }

        Byte(output, KeyTypes.Of(element.Type));
        switch (element.Type)
        {
            case BsonType.ObjectId:
                output.Write(element.Value);
                break;
            case BsonType.String or BsonType.Symbol or BsonType.JavaScript:
                Text(element.AsUtf8, output);
                break;
            case BsonType.Binary:
                Binary(element.Value, output);
                break;
            case BsonType.Document:
                Fields(element.AsDocument, output);
                break;
            case BsonType.Array:
                Items(element.AsDocument, output);
                break;
            case BsonType.Boolean:
                Byte(output, element.AsBoolean ? (byte)1 : (byte)0);
                break;
            case BsonType.DateTime:
                BigEndian(output, (ulong)element.AsDateTime ^ (1UL << 63));
                break;
            case BsonType.Timestamp:
                BigEndian(output, element.AsTimestamp);
                break;
            case BsonType.RegularExpression:
                var end = element.Value.IndexOf((byte)0);
                Text(element.Value[..end], output);
                Text(element.Value[(end + 1)..^1], output);
                break;
            case BsonType.DbPointer:
                var name = element.Value[4..^13];
                Length(output, name.Length);
                output.Write(name);
                output.Write(element.Value[^12..]);
                break;
            case BsonType.JavaScriptWithScope:
                CodeWithScope(element.Value, output);
                break;
            default: // null, undefined, MinKey, MaxKey: the type says it all
                break;
        }
    }

    /// <summary>Zero bytes are escaped, so that the closing zero sorts a prefix before what it begins.</summary>
    private static void Text(ReadOnlySpan<byte> text, ArrayBufferWriter<byte> output)
    {
        for (int zero; (zero = text.IndexOf((byte)0)) >= 0; text = text[(zero + 1)..])
        {
            output.Write(text[..zero]);
            output.Write(EscapedZero);
        }

        output.Write(text);
        Byte(output, 0x00);
    }

    /// <summary>By length, subtype, bytes; the length of subtype 2 counts its inner length, as on the server.</summary>
    private static void Binary(ReadOnlySpan<byte> value, ArrayBufferWriter<byte> output)
    {
        Length(output, value.Length - 5);
        output.Write(value[4..]);
    }

    /// <summary>Field by field: type, then name, then value; a document that ends sorts first.</summary>
    private static void Fields(BsonView document, ArrayBufferWriter<byte> output)
    {
        foreach (var field in document)
        {
            Byte(output, KeyTypes.Of(field.Type));
            Text(field.Name, output);
            Value(field, output);
        }

        Byte(output, EndOfList);
    }

    private static void Items(BsonView array, ArrayBufferWriter<byte> output)
    {
        foreach (var item in array)
        {
            Value(item, output);
        }

        Byte(output, EndOfList);
    }

    private static void CodeWithScope(ReadOnlySpan<byte> value, ArrayBufferWriter<byte> output)
    {
        var rest = value[4..];
        var codeLength = BinaryPrimitives.ReadInt32LittleEndian(rest);
        if (codeLength < 1 || codeLength > rest.Length - 4 - BsonView.MinimumLength)
        {
            throw MongoWire.MongoWireErrors.Malformed("JavaScript code with scope whose lengths do not fit", 0);
        }

        Text(rest.Slice(4, codeLength - 1), output);
        Fields(new BsonView(rest[(4 + codeLength)..]), output);
    }

    private static void Length(ArrayBufferWriter<byte> output, int length)
    {
        BinaryPrimitives.WriteInt32BigEndian(output.GetSpan(4), length);
        output.Advance(4);
    }

    private static void BigEndian(ArrayBufferWriter<byte> output, ulong value)
    {
        BinaryPrimitives.WriteUInt64BigEndian(output.GetSpan(8), value);
        output.Advance(8);
    }

    private static void Byte(ArrayBufferWriter<byte> output, byte value)
    {
        output.GetSpan(1)[0] = value;
        output.Advance(1);
    }
}

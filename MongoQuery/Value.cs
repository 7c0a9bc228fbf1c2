using System.Buffers.Binary;
using Backup.MongoWire.Bson;

namespace Backup.MongoQuery;

/// <summary>A value that is held beyond the buffer it came in; of type <see cref="BsonType.EndOfDocument"/> where there is none.</summary>
/// <param name="Type">Of the value.</param>
/// <param name="Bytes">As they stand in a document.</param>
internal readonly record struct Value(BsonType Type, ReadOnlyMemory<byte> Bytes)
{
    public static readonly Value Missing = default;

    public static readonly Value Null = new(BsonType.Null, default);

    public bool IsMissing => Type == BsonType.EndOfDocument;

    /// <summary>Missing, null or undefined.</summary>
    public bool IsNullish => Type is BsonType.EndOfDocument or BsonType.Null or BsonType.Undefined;

    public bool IsNumber => Type is BsonType.Int32 or BsonType.Int64 or BsonType.Double or BsonType.Decimal128;

    public BsonView View => new(Bytes.Span);

    public static Value Of(BsonElement element) => new(element.Type, element.Value.ToArray());

    public static Value Of(bool value) => new(BsonType.Boolean, (byte[])[value ? (byte)1 : (byte)0]);

    public static Value Of(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return new Value(BsonType.Int32, bytes);
    }

    public static Value Of(long value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return new Value(BsonType.Int64, bytes);
    }

    public static Value Of(double value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteDoubleLittleEndian(bytes, value);
        return new Value(BsonType.Double, bytes);
    }

    public static Value Of(string value) => Of(BsonDocument.Build(w => w.String(""u8, value)).View.First);

    public static Value Of(BsonDocument document) => new(BsonType.Document, document.Memory);

    public static Value Of(IEnumerable<Value> items) =>
        Of(
            BsonDocument
                .Build(w =>
                {
                    Span<byte> scratch = stackalloc byte[11];
                    w.BeginArray(""u8);
                    foreach (var item in items)
                    {
                        item.Write(w, w.ArrayItemName(scratch));
                    }

                    w.EndArray();
                })
                .View.First
        );

    /// <summary>In MongoDB's order of values; what is missing stands before null.</summary>
    public static int Compare(Value left, Value right) =>
        BsonOrder.CompareValues(left.Type, left.Bytes.Span, right.Type, right.Bytes.Span);

    public void Write(BsonWriter writer, ReadOnlySpan<byte> name) => writer.Raw(name, Type, Bytes.Span);

    /// <summary>The value alone, as the only field of a document.</summary>
    public BsonDocument Wrapped()
    {
        using var writer = new BsonWriter(Bytes.Length + 16);
        writer.BeginDocument();
        Write(writer, default);
        writer.EndDocument();
        return writer.ToDocument();
    }

    public long WholeNumber =>
        Type == BsonType.Int32
            ? BinaryPrimitives.ReadInt32LittleEndian(Bytes.Span)
            : BinaryPrimitives.ReadInt64LittleEndian(Bytes.Span);

    public double Number => Type == BsonType.Double ? BinaryPrimitives.ReadDoubleLittleEndian(Bytes.Span) : WholeNumber;

    public Decimal128 Decimal => Decimal128.Read(Bytes.Span);

    /// <summary>UTF-8 of a string or symbol.</summary>
    public ReadOnlySpan<byte> Utf8 => Bytes.Span[4..^1];

    /// <summary>What expressions take for true: all but false, zero, null and nothing.</summary>
    public bool IsTrue =>
        Type switch
        {
            BsonType.EndOfDocument or BsonType.Null or BsonType.Undefined => false,
            BsonType.Boolean => Bytes.Span[0] != 0,
            BsonType.Decimal128 => !Decimal.IsZero,
            BsonType.Int32 or BsonType.Int64 or BsonType.Double => Number != 0,
            _ => true,
        };
}

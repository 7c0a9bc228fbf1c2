using System.Buffers.Binary;
using System.Text;

namespace Backup.MongoWire.Bson;

/// <summary>
/// One element of a raw document: its type, its name and the bytes of its value, none of them copied.
/// The typed accessors answer what the type holds and throw 2001 on another type.
/// </summary>
public readonly ref struct BsonElement
{
    /// <summary>Binary data whose payload carries a length of its own.</summary>
    internal const byte OldBinarySubtype = 2;

    internal BsonElement(BsonType type, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, ReadOnlySpan<byte> whole)
    {
        Type = type;
        Name = name;
        Value = value;
        Whole = whole;
    }

    public BsonType Type { get; }

    /// <summary>UTF-8, without the closing zero.</summary>
    public ReadOnlySpan<byte> Name { get; }

    /// <summary>The value as it stands in the document, with its length prefix where its type has one.</summary>
    public ReadOnlySpan<byte> Value { get; }

    /// <summary>Type byte, name, zero and value.</summary>
    public ReadOnlySpan<byte> Whole { get; }

    public string NameText => Encoding.UTF8.GetString(Name);

    public bool NameIs(ReadOnlySpan<byte> name) => Name.SequenceEqual(name);

    public int AsInt32 => Type == BsonType.Int32 ? BinaryPrimitives.ReadInt32LittleEndian(Value) : throw Wrong("int");

    public long AsInt64 => Type == BsonType.Int64 ? BinaryPrimitives.ReadInt64LittleEndian(Value) : throw Wrong("long");

    public double AsDouble =>
        Type == BsonType.Double ? BinaryPrimitives.ReadDoubleLittleEndian(Value) : throw Wrong("double");

    public bool AsBoolean => Type == BsonType.Boolean ? Value[0] != 0 : throw Wrong("bool");

    /// <summary>Milliseconds since 1970-01-01 UTC.</summary>
    public long AsDateTime =>
        Type == BsonType.DateTime ? BinaryPrimitives.ReadInt64LittleEndian(Value) : throw Wrong("date");

    /// <summary>Seconds in the high 32 bits, increment in the low.</summary>
    public ulong AsTimestamp =>
        Type == BsonType.Timestamp ? BinaryPrimitives.ReadUInt64LittleEndian(Value) : throw Wrong("timestamp");

    /// <summary>UTF-8 of a string, symbol or JavaScript code, without length and closing zero.</summary>
    public ReadOnlySpan<byte> AsUtf8 =>
        Type is BsonType.String or BsonType.Symbol or BsonType.JavaScript ? Value[4..^1] : throw Wrong("string");

    public string AsString => Encoding.UTF8.GetString(AsUtf8);

    /// <summary>An embedded document or an array (whose names are "0", "1", …).</summary>
    public BsonView AsDocument =>
        Type is BsonType.Document or BsonType.Array ? new BsonView(Value) : throw Wrong("object or array");

    public byte BinarySubtype => Type == BsonType.Binary ? Value[4] : throw Wrong("binData");

    /// <summary>The payload of binary data; for subtype 2 without its inner length, where that is right.</summary>
    public ReadOnlySpan<byte> AsBinary =>
        Type != BsonType.Binary ? throw Wrong("binData")
        : HasInnerLength ? Value[9..]
        : Value[5..];

    /// <summary>12 bytes.</summary>
    public ReadOnlySpan<byte> AsObjectId => Type == BsonType.ObjectId ? Value : throw Wrong("objectId");

    /// <summary>A UUID in binary subtype 4, in its network byte order.</summary>
    public Guid AsUuid =>
        Type == BsonType.Binary && Value.Length == 21 && Value[4] == 4
            ? new Guid(Value[5..], bigEndian: true)
            : throw Wrong("UUID");

    public bool IsNumber => Type is BsonType.Int32 or BsonType.Int64 or BsonType.Double;

    /// <summary>Int32, Int64 or Double as a whole number; fractions are cut, what does not fit saturates.</summary>
    public long ToInt64() =>
        Type switch
        {
            BsonType.Int32 => AsInt32,
            BsonType.Int64 => AsInt64,
            BsonType.Double => (long)AsDouble,
            _ => throw Wrong("number"),
        };

    public double ToDouble() =>
        Type switch
        {
            BsonType.Int32 => AsInt32,
            BsonType.Int64 => AsInt64,
            BsonType.Double => AsDouble,
            _ => throw Wrong("number"),
        };

    /// <summary>What the server takes for true: true, and numbers other than zero.</summary>
    public bool ToBoolean() => Type == BsonType.Boolean ? AsBoolean : IsNumber && ToDouble() != 0;

    private bool HasInnerLength =>
        Value[4] == OldBinarySubtype
        && Value.Length >= 9
        && BinaryPrimitives.ReadInt32LittleEndian(Value[5..]) == Value.Length - 9;

    private Foundation.Errors.BackupException Wrong(string wanted) =>
        MongoWireErrors.Malformed($"field '{NameText}' is {Type}, {wanted} was expected", 0);
}

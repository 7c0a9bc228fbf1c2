using Backup.MongoWire;
using Backup.MongoWire.Bson;

namespace Backup.Snapshots.Keys;

/// <summary>The first byte of a key, in the order of MongoDB's canonical types. Persisted by way of block order: frozen.</summary>
public static class KeyTypes
{
    public const byte MinKey = 10;
    public const byte Undefined = 15;
    public const byte Null = 20;
    public const byte NotANumber = 30;
    public const byte NegativeInfinity = 31;
    public const byte Negative = 32;
    public const byte Zero = 33;
    public const byte Positive = 34;
    public const byte PositiveInfinity = 35;
    public const byte Text = 60;
    public const byte Document = 70;
    public const byte Array = 80;
    public const byte Binary = 90;
    public const byte ObjectId = 100;
    public const byte Boolean = 110;
    public const byte DateTime = 120;
    public const byte Timestamp = 130;
    public const byte RegularExpression = 140;
    public const byte DbPointer = 150;
    public const byte JavaScript = 160;
    public const byte JavaScriptWithScope = 170;
    public const byte MaxKey = 240;

    /// <summary>One for all numbers; strings and symbols share theirs.</summary>
    public static byte Of(BsonType type) =>
        type switch
        {
            BsonType.MinKey => MinKey,
            BsonType.Undefined => Undefined,
            BsonType.Null => Null,
            BsonType.Int32 or BsonType.Int64 or BsonType.Double or BsonType.Decimal128 => NotANumber,
            BsonType.String or BsonType.Symbol => Text,
            BsonType.Document => Document,
            BsonType.Array => Array,
            BsonType.Binary => Binary,
            BsonType.ObjectId => ObjectId,
            BsonType.Boolean => Boolean,
            BsonType.DateTime => DateTime,
            BsonType.Timestamp => Timestamp,
            BsonType.RegularExpression => RegularExpression,
            BsonType.DbPointer => DbPointer,
            BsonType.JavaScript => JavaScript,
            BsonType.JavaScriptWithScope => JavaScriptWithScope,
            BsonType.MaxKey => MaxKey,
            _ => throw MongoWireErrors.Malformed($"type 0x{(byte)type:x2} has no place in an _id", 0),
        };
}

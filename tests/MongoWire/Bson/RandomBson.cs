using Backup.MongoWire.Bson;
using FsCheck;
using FsCheck.Fluent;

namespace Backup.Tests.MongoWire.Bson;

/// <summary>Random documents of every type, from a seed: few and small values, so that equal and nearly equal ones meet.</summary>
public sealed class RandomBson(int seed)
{
    private static readonly BsonType[] Types = [.. Enum.GetValues<BsonType>().Where(t => t != BsonType.EndOfDocument)];

    private static readonly double[] Doubles =
    [
        0.0,
        -0.0,
        1,
        -1,
        0.1,
        1.5,
        double.NaN,
        double.PositiveInfinity,
        double.NegativeInfinity,
        double.Epsilon,
        double.MaxValue,
        9007199254740992,
        9007199254740994,
        9223372036854775808.0,
        -9223372036854775808.0,
        1e300,
    ];

    private static readonly long[] Longs =
    [
        0,
        1,
        -1,
        int.MaxValue,
        int.MinValue,
        9007199254740993,
        long.MaxValue,
        long.MaxValue - 1,
        long.MinValue,
    ];

    private static readonly string[] Decimals =
    [
        "0",
        "-0",
        "0E+6111",
        "1",
        "1.0",
        "1.00",
        "-1",
        "0.1",
        "1.5",
        "NaN",
        "Infinity",
        "-Infinity",
        "1E-6176",
        "9.999999999999999999999999999999999E+6144",
        "9007199254740993",
        "9223372036854775807",
        "9223372036854775808",
        "0.1000000000000000055511151231257827",
        "1E+300",
        "4.9E-324",
    ];

    private static readonly string[] Texts =
    [
        "",
        "a",
        "b",
        "aa",
        "a\0",
        "a\0b",
        "ä",
        "\U0001F600",
        "\"\\\n\u0001",
        "/",
    ];

    private readonly Random _random = new(seed);

    /// <summary>For properties: shrinks towards seed 0.</summary>
    public static Arbitrary<int> Seeds { get; } = ArbMap.Default.ArbFor<int>();

    public BsonDocument Document(int depth = 3) => BsonDocument.Build(writer => Fields(writer, depth));

    public BsonDocument SingleValue() => BsonDocument.Build(writer => Value(writer, "v"u8, 2));

    private void Fields(BsonWriter writer, int depth)
    {
        for (var left = _random.Next(5); left > 0; left--)
        {
            Value(writer, Utf8(Pick(Texts).Replace("\0", "0", StringComparison.Ordinal)), depth);
        }
    }

    private void Value(BsonWriter writer, ReadOnlySpan<byte> name, int depth)
    {
        switch (Pick(Types))
        {
            case BsonType.Double:
                writer.Double(name, Pick(Doubles));
                break;
            case BsonType.String:
                writer.String(name, Pick(Texts));
                break;
            case BsonType.Document when depth > 0:
                writer.BeginDocument(name);
                Fields(writer, depth - 1);
                writer.EndDocument();
                break;
            case BsonType.Array when depth > 0:
                writer.BeginArray(name);
                Span<byte> scratch = stackalloc byte[11];
                for (var left = _random.Next(4); left > 0; left--)
                {
                    Value(writer, writer.ArrayItemName(scratch), depth - 1);
                }

                writer.EndArray();
                break;
            case BsonType.Binary:
                writer.Binary(name, Bytes(_random.Next(4)), Pick<byte>([0, 2, 5, 128]));
                break;
            case BsonType.ObjectId:
                writer.ObjectId(name, Bytes(12));
                break;
            case BsonType.Boolean:
                writer.Boolean(name, _random.Next(2) == 0);
                break;
            case BsonType.DateTime:
                writer.DateTime(name, Pick(Longs));
                break;
            case BsonType.RegularExpression:
                writer.RegularExpression(
                    name,
                    Pick<byte[]>([
                        [],
                        "a"u8.ToArray(),
                        "ab"u8.ToArray(),
                    ]),
                    "im"u8
                );
                break;
            case BsonType.DbPointer:
                writer.DbPointer(name, Utf8(Pick(Texts)), Bytes(12));
                break;
            case BsonType.JavaScript:
                writer.JavaScript(name, Utf8(Pick(Texts)));
                break;
            case BsonType.Symbol:
                writer.Symbol(name, Utf8(Pick(Texts)));
                break;
            case BsonType.JavaScriptWithScope when depth > 0:
                writer.JavaScriptWithScope(name, Utf8(Pick(Texts)), Document(depth - 1).Span);
                break;
            case BsonType.Int32:
                writer.Int32(name, (int)Pick(Longs));
                break;
            case BsonType.Timestamp:
                writer.Timestamp(name, (ulong)Pick(Longs));
                break;
            case BsonType.Int64:
                writer.Int64(name, Pick(Longs));
                break;
            case BsonType.Decimal128:
                writer.Decimal(
                    name,
                    Decimal128.TryParse(Utf8(Pick(Decimals)), out var value) ? value : throw new FormatException()
                );
                break;
            case BsonType.Undefined:
                writer.Undefined(name);
                break;
            case BsonType.MinKey:
                writer.MinKey(name);
                break;
            case BsonType.MaxKey:
                writer.MaxKey(name);
                break;
            default:
                writer.Null(name);
                break;
        }
    }

    private T Pick<T>(T[] choices) => choices[_random.Next(choices.Length)];

    private byte[] Bytes(int length) => [.. Enumerable.Range(0, length).Select(_ => (byte)_random.Next(2))];

    private static byte[] Utf8(string text) => System.Text.Encoding.UTF8.GetBytes(text);
}

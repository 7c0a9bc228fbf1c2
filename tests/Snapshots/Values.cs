using Backup.MongoWire.Bson;

namespace Backup.Tests.Snapshots;

/// <summary>Random `_id`s of every type, with many that are equal or nearly so.</summary>
internal sealed class Values(int seed)
{
    private static readonly long[] Wholes =
    [
        0,
        1,
        -1,
        9,
        10,
        99,
        100,
        101,
        1L << 53,
        (1L << 53) + 1,
        -(1L << 53) - 1,
        long.MaxValue,
        long.MaxValue - 1,
        long.MinValue,
        int.MaxValue,
        int.MinValue,
    ];

    private static readonly double[] Doubles =
    [
        0,
        -0.0,
        1,
        -1,
        0.1,
        0.5,
        0.25,
        1.5,
        -0.1,
        1e-300,
        5e-324,
        -5e-324,
        double.MaxValue,
        double.MinValue,
        double.NaN,
        double.PositiveInfinity,
        double.NegativeInfinity,
        9007199254740992,
        9007199254740994,
        9223372036854775808,
        -9223372036854775808,
        1e22,
        0.30000000000000004,
    ];

    private static readonly string[] Decimals =
    [
        "0",
        "-0",
        "1",
        "1.0",
        "1.00",
        "0.1",
        "0.10",
        "-0.1",
        "0.25",
        "9223372036854775807",
        "9223372036854775808",
        "9223372036854775807.5",
        "9007199254740993",
        "1E+6111",
        "9.999999999999999999999999999999999E+6144",
        "-9.999999999999999999999999999999999E+6144",
        "1E-6176",
        "-1E-6176",
        "NaN",
        "Infinity",
        "-Infinity",
        "1E+22",
        "0E+10",
    ];

    private static readonly string[] Texts = ["", "a", "a\0", "a\0b", "ab", "b", "\0", "\0\0", "ÿ", "a\u0001", "aa"];

    private readonly Random _random = new(seed);

    internal BsonDocument Document() => BsonDocument.Build(writer => Value(writer, "_id"u8, 3));

    private void Value(BsonWriter writer, ReadOnlySpan<byte> name, int depth)
    {
        switch (_random.Next(depth > 0 ? 20 : 17))
        {
            case 0 or 1:
                writer.Double(name, Pick(Doubles));
                break;
            case 2:
                writer.Int32(name, (int)Pick(Wholes));
                break;
            case 3 or 4:
                writer.Int64(name, Pick(Wholes));
                break;
            case 5 or 6:
                Span<byte> bits = stackalloc byte[16];
                if (!Decimal128.TryParse(System.Text.Encoding.ASCII.GetBytes(Pick(Decimals)), out var value))
                {
                    throw new InvalidOperationException("no decimal128");
                }

                value.Write(bits);
                writer.Raw(name, BsonType.Decimal128, bits);
                break;
            case 7:
                writer.String(name, Pick(Texts));
                break;
            case 8:
                writer.Binary(name, Bytes(_random.Next(3)), (byte)_random.Next(2));
                break;
            case 9:
                writer.ObjectId(name, Bytes(12));
                break;
            case 10:
                writer.Boolean(name, _random.Next(2) == 0);
                break;
            case 11:
                writer.DateTime(name, Pick(Wholes));
                break;
            case 12:
                writer.Timestamp(name, (ulong)Pick(Wholes));
                break;
            case 13:
                writer.Raw(
                    name,
                    BsonType.RegularExpression,
                    Pick<byte[]>(["a\0\0"u8.ToArray(), "a\0i\0"u8.ToArray(), "\0\0"u8.ToArray()])
                );
                break;
            case 14:
                writer.Raw(
                    name,
                    Pick<BsonType>([BsonType.MinKey, BsonType.MaxKey, BsonType.Null, BsonType.Undefined]),
                    []
                );
                break;
            case 15:
                writer.Raw(
                    name,
                    BsonType.JavaScript,
                    Pick<byte[]>([
                        [1, 0, 0, 0, 0],
                        [2, 0, 0, 0, 97, 0],
                        [3, 0, 0, 0, 97, 0, 0],
                    ])
                );
                break;
            case 16:
                writer.Raw(
                    name,
                    BsonType.Symbol,
                    Pick<byte[]>([
                        [1, 0, 0, 0, 0],
                        [2, 0, 0, 0, 97, 0],
                    ])
                );
                break;
            default:
                Nested(writer, name, depth - 1);
                break;
        }
    }

    private void Nested(BsonWriter writer, ReadOnlySpan<byte> name, int depth)
    {
        var isArray = _random.Next(2) == 0;
        Span<byte> item = stackalloc byte[11];
        if (isArray)
        {
            writer.BeginArray(name);
        }
        else
        {
            writer.BeginDocument(name);
        }

        for (var left = _random.Next(3); left > 0; left--)
        {
            Value(
                writer,
                isArray ? writer.ArrayItemName(item) : Pick<byte[]>(["a"u8.ToArray(), "b"u8.ToArray(), ""u8.ToArray()]),
                depth
            );
        }

        writer.EndDocument();
    }

    private T Pick<T>(T[] choices) => choices[_random.Next(choices.Length)];

    private byte[] Bytes(int length)
    {
        var bytes = new byte[length];
        for (var i = 0; i < length; i++)
        {
            bytes[i] = (byte)(_random.Next(3) * 127);
        }

        return bytes;
    }
}

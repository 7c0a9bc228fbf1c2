using System.Text;
using Backup.MongoQuery.Filters;
using Backup.MongoWire.Bson;

namespace Backup.MongoQuery.Expressions;

/// <summary>An operator of values.</summary>
/// <param name="Least">Operands it takes at least.</param>
/// <param name="Most">And at most.</param>
/// <param name="Compute">What it makes of them.</param>
internal sealed record Operation(int Least, int Most, Func<IReadOnlyList<Value>, Value> Compute);

/// <summary>The operators of aggregation expressions that are known here.</summary>
internal static class Operators
{
    internal static readonly Dictionary<string, Operation> Known = new()
    {
        ["$eq"] = Comparison(static order => order == 0),
        ["$ne"] = Comparison(static order => order != 0),
        ["$gt"] = Comparison(static order => order > 0),
        ["$gte"] = Comparison(static order => order >= 0),
        ["$lt"] = Comparison(static order => order < 0),
        ["$lte"] = Comparison(static order => order <= 0),
        ["$cmp"] = new(2, 2, static of => Value.Of(Math.Sign(Value.Compare(of[0], of[1])))),
        ["$not"] = new(1, 1, static of => Value.Of(!of[0].IsTrue)),
        ["$add"] = new(0, int.MaxValue, Arithmetic.Add),
        ["$subtract"] = new(2, 2, Arithmetic.Subtract),
        ["$multiply"] = new(0, int.MaxValue, Arithmetic.Multiply),
        ["$divide"] = new(2, 2, Arithmetic.Divide),
        ["$concat"] = new(0, int.MaxValue, Concat),
        ["$toLower"] = new(
            1,
            1,
            static of => Case(of[0], static c => c is >= (byte)'A' and <= (byte)'Z' ? (byte)(c + 32) : c)
        ),
        ["$toUpper"] = new(
            1,
            1,
            static of => Case(of[0], static c => c is >= (byte)'a' and <= (byte)'z' ? (byte)(c - 32) : c)
        ),
        ["$toDouble"] = new(1, 1, static of => Arithmetic.ToDouble(of[0])),
        ["$size"] = new(1, 1, Size),
        ["$isArray"] = new(1, 1, static of => Value.Of(of[0].Type == BsonType.Array)),
        ["$type"] = new(1, 1, static of => Value.Of(TypeNames.NameOf(of[0].Type))),
        ["$in"] = new(2, 2, In),
        ["$arrayElemAt"] = new(2, 2, ItemAt),
        ["$year"] = DatePart(static at => at.Year),
        ["$month"] = DatePart(static at => at.Month),
        ["$dayOfMonth"] = DatePart(static at => at.Day),
        ["$hour"] = DatePart(static at => at.Hour),
        ["$minute"] = DatePart(static at => at.Minute),
        ["$second"] = DatePart(static at => at.Second),
    };

    private static Operation Comparison(Func<int, bool> holds) =>
        new(2, 2, of => Value.Of(holds(Value.Compare(of[0], of[1]))));

    private static Value Concat(IReadOnlyList<Value> operands)
    {
        var text = new StringBuilder();
        foreach (var operand in operands)
        {
            if (operand.IsNullish)
            {
                return Value.Null;
            }

            text.Append(
                operand.Type == BsonType.String
                    ? Encoding.UTF8.GetString(operand.Utf8)
                    : throw MongoQueryErrors.Location(
                        16702,
                        $"$concat only supports strings, not {TypeNames.NameOf(operand.Type)}"
                    )
            );
        }

        return Value.Of(text.ToString());
    }

    /// <summary>Of ASCII letters alone, as a server does.</summary>
    private static Value Case(Value operand, Func<byte, byte> change)
    {
        if (operand.IsNullish)
        {
            return Value.Of("");
        }

        if (operand.Type != BsonType.String)
        {
            throw MongoQueryErrors.NotSupported("$toLower or $toUpper of anything but text");
        }

        var text = operand.Utf8.ToArray();
        for (var i = 0; i < text.Length; i++)
        {
            text[i] = change(text[i]);
        }

        return Value.Of(BsonDocument.Build(w => w.String(""u8, text)).View.First);
    }

    private static Value Size(IReadOnlyList<Value> operands) =>
        operands[0].Type == BsonType.Array
            ? Value.Of(Items(operands[0]).Count)
            : throw MongoQueryErrors.Location(
                17124,
                $"The argument to $size must be an array, but was of type: {TypeNames.NameOf(operands[0].Type)}"
            );

    private static Value In(IReadOnlyList<Value> operands) =>
        operands[1].Type == BsonType.Array
            ? Value.Of(Items(operands[1]).Exists(item => Value.Compare(item, operands[0]) == 0))
            : throw MongoQueryErrors.Location(
                40081,
                $"$in requires an array as a second argument, found: {TypeNames.NameOf(operands[1].Type)}"
            );

    private static Value ItemAt(IReadOnlyList<Value> operands)
    {
        if (operands[0].IsNullish || operands[1].IsNullish)
        {
            return Value.Null;
        }

        if (operands[0].Type != BsonType.Array)
        {
            throw MongoQueryErrors.Location(28689, "$arrayElemAt's first argument must be an array");
        }

        var place = operands[1];
        if (!place.IsNumber)
        {
            throw MongoQueryErrors.Location(28690, "$arrayElemAt's second argument must be a numeric value");
        }

        if (place.Type == BsonType.Decimal128 || place.Number % 1 != 0 || Math.Abs(place.Number) > int.MaxValue)
        {
            throw MongoQueryErrors.NotSupported("$arrayElemAt with anything but a whole 32-bit number");
        }

        var items = Items(operands[0]);
        var index = (int)place.Number;
        index = index < 0 ? items.Count + index : index;
        return index >= 0 && index < items.Count ? items[index] : Value.Missing;
    }

    private static List<Value> Items(Value array)
    {
        var items = new List<Value>();
        foreach (var item in array.View)
        {
            items.Add(Value.Of(item));
        }

        return items;
    }

    private static Operation DatePart(Func<DateTimeOffset, int> part) =>
        new(
            1,
            1,
            of =>
            {
                if (of[0].IsNullish)
                {
                    return Value.Null;
                }

                if (of[0].Type != BsonType.DateTime)
                {
                    throw MongoQueryErrors.NotSupported("a part of a date of anything but a date");
                }

                var milliseconds = of[0].Wrapped().View.First.AsDateTime;
                return milliseconds >= 0 && milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
                    ? Value.Of(part(DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)))
                    : throw MongoQueryErrors.NotSupported("a part of a date before 1970 or after 9999");
            }
        );
}

using Backup.MongoQuery.Filters;
using Backup.MongoWire.Bson;

namespace Backup.MongoQuery.Expressions;

/// <summary>Arithmetic over whole numbers and doubles; of decimals and dates it is refused.</summary>
internal static class Arithmetic
{
    internal static Value Add(IReadOnlyList<Value> operands)
    {
        var sum = new Sum();
        foreach (var operand in operands)
        {
            if (operand.IsNullish)
            {
                // What follows may still be something that cannot be added.
                return operands.Any(static one => !one.IsNullish && !one.IsNumber)
                    ? throw MongoQueryErrors.NotSupported("$add of null and of what is no number")
                    : Value.Null;
            }

            sum.Add(Checked("$add", operand));
        }

        return sum.Total;
    }

    internal static Value Subtract(IReadOnlyList<Value> operands) =>
        Of("$subtract", operands, static (a, b) => (Int128)a - b, static (a, b) => a - b);

    internal static Value Multiply(IReadOnlyList<Value> operands)
    {
        var product = Value.Of(1);
        foreach (var operand in operands)
        {
            product = Of("$multiply", [product, operand], static (a, b) => (Int128)a * b, static (a, b) => a * b);
            if (product.IsNullish)
            {
                return operands.Any(static one => !one.IsNullish && !one.IsNumber)
                    ? throw MongoQueryErrors.NotSupported("$multiply of null and of what is no number")
                    : Value.Null;
            }
        }

        return product;
    }

    internal static Value Divide(IReadOnlyList<Value> operands)
    {
        if (operands[0].IsNullish || operands[1].IsNullish)
        {
            return Value.Null;
        }

        var (left, right) = (Checked("$divide", operands[0]), Checked("$divide", operands[1]));
        return right.Number == 0
            ? throw MongoQueryErrors.Location(16608, "can't $divide by zero")
            : Value.Of(left.Number / right.Number);
    }

    internal static Value ToDouble(Value operand) =>
        operand.Type switch
        {
            _ when operand.IsNullish => Value.Null,
            BsonType.Double => operand,
            BsonType.Int32 or BsonType.Int64 => Value.Of(operand.Number),
            BsonType.Boolean => Value.Of(operand.IsTrue ? 1.0 : 0.0),
            BsonType.DateTime => Value.Of((double)operand.Wrapped().View.First.AsDateTime),
            BsonType.String => throw MongoQueryErrors.NotSupported("$toDouble of text"),
            BsonType.Decimal128 => throw MongoQueryErrors.NotSupported("$toDouble of decimals"),
            _ => throw MongoQueryErrors.ConversionFailure(
                $"Unsupported conversion from {TypeNames.NameOf(operand.Type)} to double in $convert with no onError value"
            ),
        };

    private static Value Of(
        string name,
        IReadOnlyList<Value> operands,
        Func<long, long, Int128> whole,
        Func<double, double, double> real
    )
    {
        if (operands[0].IsNullish || operands[1].IsNullish)
        {
            return Value.Null;
        }

        var (left, right) = (Checked(name, operands[0]), Checked(name, operands[1]));
        if (left.Type == BsonType.Double || right.Type == BsonType.Double)
        {
            return Value.Of(real(left.Number, right.Number));
        }

        var result = whole(left.WholeNumber, right.WholeNumber);
        if (result > long.MaxValue || result < long.MinValue)
        {
            throw MongoQueryErrors.NotSupported($"{name} beyond 64 bits");
        }

        return
            left.Type == BsonType.Int64
            || right.Type == BsonType.Int64
            || result > int.MaxValue
            || result < int.MinValue
            ? Value.Of((long)result)
            : Value.Of((int)result);
    }

    private static Value Checked(string name, Value operand) =>
        operand.Type switch
        {
            BsonType.Int32 or BsonType.Int64 or BsonType.Double => operand,
            BsonType.Decimal128 => throw MongoQueryErrors.NotSupported($"{name} of decimals"),
            BsonType.DateTime => throw MongoQueryErrors.NotSupported($"{name} of dates"),
            _ => throw MongoQueryErrors.Location(
                16554,
                $"{name} only supports numeric types, not {TypeNames.NameOf(operand.Type)}"
            ),
        };
}

/// <summary>A sum as a server keeps it: whole numbers exactly, doubles with what rounding takes away carried along.</summary>
internal sealed class Sum
{
    private Int128 _whole;
    private double _high;
    private double _low;
    private double _plain;
    private bool _isDouble;
    private bool _isLong;

    internal long Count { get; private set; }

    internal void Add(Value value)
    {
        Count++;
        if (value.Type == BsonType.Decimal128)
        {
            throw MongoQueryErrors.NotSupported("a sum or average of decimals");
        }

        if (value.Type != BsonType.Double)
        {
            _isLong |= value.Type == BsonType.Int64;
            _whole += value.WholeNumber;
            return;
        }

        _isDouble = true;
        Add(value.Number);
    }

    internal Value Total =>
        _isDouble ? Value.Of(Double)
        : _whole > long.MaxValue || _whole < long.MinValue ? Value.Of(Double)
        : _isLong || _whole > int.MaxValue || _whole < int.MinValue ? Value.Of((long)_whole)
        : Value.Of((int)_whole);

    internal Value Average => Count == 0 ? Value.Null : Value.Of(Double / Count);

    private double Double
    {
        get
        {
            var copy = new Sum
            {
                _high = _high,
                _low = _low,
                _plain = _plain,
            };
            var high = (double)(_whole >> 32) * 4294967296.0;
            copy.Add(high);
            copy.Add((double)(_whole & 0xFFFF_FFFF));
            return double.IsFinite(copy._high) ? copy._high : copy._plain;
        }
    }

    private void Add(double value)
    {
        _plain += value;
        var sum = _high + value;
        var part = sum - _high;
        var error = (_high - (sum - part)) + (value - part) + _low;
        _high = sum + error;
        _low = error - (_high - sum);
    }
}

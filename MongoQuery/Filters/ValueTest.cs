using Backup.MongoWire.Bson;

namespace Backup.MongoQuery.Filters;

/// <summary>What is asked of one value.</summary>
internal abstract class ValueTest
{
    /// <summary>Whether an array at the path's end is asked item by item, then as a whole.</summary>
    public virtual bool EntersArrays => true;

    /// <param name="value">Of type EndOfDocument where there is none.</param>
    public abstract bool Test(BsonElement value);

    /// <summary>Asks an array as a whole, where <see cref="EntersArrays"/> is false.</summary>
    /// <param name="at">The item that decided; -1 where none did.</param>
    public virtual bool TestArray(BsonElement array, out int at)
    {
        at = -1;
        return Test(array);
    }
}

internal enum Comparison
{
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// <summary>Comparison with a value, within its type's bracket.</summary>
internal sealed class Compared(Comparison comparison, Value operand) : ValueTest
{
    private readonly bool _isNaN = IsNaN(operand.Type, operand.Bytes.Span);

    public override bool Test(BsonElement value)
    {
        var bracket = BsonOrder.Bracket(value.Type);
        var wanted = BsonOrder.Bracket(operand.Type);
        if (bracket != wanted)
        {
            return TestOther(bracket + wanted);
        }

        if (_isNaN || IsNaN(value.Type, value.Value))
        {
            return _isNaN
                && IsNaN(value.Type, value.Value)
                && comparison is Comparison.Equal or Comparison.LessOrEqual or Comparison.GreaterOrEqual;
        }

        var order = BsonOrder.CompareValues(value.Type, value.Value, operand.Type, operand.Bytes.Span);
        return comparison switch
        {
            Comparison.Equal => order == 0,
            Comparison.Less => order < 0,
            Comparison.LessOrEqual => order <= 0,
            Comparison.Greater => order > 0,
            _ => order >= 0,
        };
    }

    /// <summary>Of different brackets: null equals what is missing or undefined; everything is below MaxKey and above MinKey.</summary>
    private bool TestOther(int sum) =>
        sum == BsonOrder.Bracket(BsonType.Null) + BsonOrder.Bracket(BsonType.Undefined)
        && operand.Type is BsonType.Null or BsonType.Undefined
            ? comparison is Comparison.Equal or Comparison.LessOrEqual or Comparison.GreaterOrEqual
            : operand.Type switch
            {
                BsonType.MaxKey => comparison is Comparison.Less or Comparison.LessOrEqual,
                BsonType.MinKey => comparison is Comparison.Greater or Comparison.GreaterOrEqual,
                _ => false,
            };

    private static bool IsNaN(BsonType type, ReadOnlySpan<byte> value) =>
        type switch
        {
            BsonType.Double => double.IsNaN(System.Buffers.Binary.BinaryPrimitives.ReadDoubleLittleEndian(value)),
            BsonType.Decimal128 => Decimal128.Read(value).IsNaN,
            _ => false,
        };
}

/// <summary><c>$in</c>: equal to one of many, or met by one of some patterns.</summary>
internal sealed class OneOf : ValueTest
{
    private readonly List<Value> _sorted;
    private readonly IReadOnlyList<Pattern> _patterns;
    private readonly bool _hasNull;

    public OneOf(IEnumerable<Value> values, IReadOnlyList<Pattern> patterns)
    {
        _sorted = [.. values];
        _sorted.Sort(Value.Compare);
        _patterns = patterns;
        _hasNull = _sorted.Exists(static one => one.Type == BsonType.Null);
    }

    public override bool Test(BsonElement value)
    {
        if (value.Type == BsonType.EndOfDocument)
        {
            return _hasNull;
        }

        if (Has(value))
        {
            return true;
        }

        foreach (var pattern in _patterns)
        {
            if (pattern.Test(value))
            {
                return true;
            }
        }

        return false;
    }

    private bool Has(BsonElement value)
    {
        var (low, high) = (0, _sorted.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var one = _sorted[middle];
            var order = BsonOrder.CompareValues(one.Type, one.Bytes.Span, value.Type, value.Value);
            if (order == 0)
            {
                return true;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return false;
    }
}

internal sealed class Exists : ValueTest
{
    public override bool Test(BsonElement value) => value.Type != BsonType.EndOfDocument;
}

internal sealed class OfType(IReadOnlySet<BsonType> types) : ValueTest
{
    public override bool Test(BsonElement value) => value.Type != BsonType.EndOfDocument && types.Contains(value.Type);
}

internal sealed class OfSize(long size) : ValueTest
{
    public override bool EntersArrays => false;

    public override bool Test(BsonElement value)
    {
        if (value.Type != BsonType.Array)
        {
            return false;
        }

        long count = 0;
        foreach (var _ in value.AsDocument)
        {
            count++;
        }

        return count == size;
    }
}

internal sealed class Modulo(int divisor, int remainder) : ValueTest
{
    public override bool Test(BsonElement value) =>
        value.Type switch
        {
            BsonType.Int32 or BsonType.Int64 => value.ToInt64() % divisor == remainder,
            BsonType.Double when Math.Abs(value.AsDouble) < long.MaxValue => value.ToInt64() % divisor == remainder,
            BsonType.Double or BsonType.Decimal128 => throw MongoQueryErrors.NotSupported(
                "$mod of a decimal, or of a double that is no 64-bit number,"
            ),
            _ => false,
        };
}

/// <summary>A regular expression: met by text, and by the same expression stored as a value.</summary>
internal sealed class Pattern(PatternSource source) : ValueTest
{
    private readonly System.Text.RegularExpressions.Regex _regex = PatternTranslator.Compile(source);

    public override bool Test(BsonElement value)
    {
        if (value.Type == BsonType.RegularExpression)
        {
            return PatternSource.Of(value) == source;
        }

        if (value.Type is not (BsonType.String or BsonType.Symbol))
        {
            return false;
        }

        try
        {
            return _regex.IsMatch(value.AsString);
        }
        catch (System.Text.RegularExpressions.RegexMatchTimeoutException)
        {
            throw MongoQueryErrors.PatternTooSlow(source.Pattern);
        }
    }
}

/// <summary><c>$elemMatch</c>: one item meets it all.</summary>
/// <param name="filter">Asked of items that are documents (or arrays, as documents), or of any item as a value.</param>
/// <param name="onValue">Which of the two.</param>
internal sealed class ItemMatches(Filter filter, bool onValue) : ValueTest
{
    public override bool EntersArrays => false;

    public override bool Test(BsonElement value) => value.Type == BsonType.Array && TestArray(value, out _);

    public override bool TestArray(BsonElement array, out int at)
    {
        at = 0;
        foreach (var item in array.AsDocument)
        {
            if (
                onValue
                    ? filter.MatchesItem(item)
                    : item.Type is BsonType.Document or BsonType.Array && filter.Matches(item.AsDocument)
            )
            {
                return true;
            }

            at++;
        }

        at = -1;
        return false;
    }
}

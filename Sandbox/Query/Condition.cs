using Backup.MongoWire.Bson;

namespace Backup.Sandbox.Query;

/// <summary>What is asked of the value at a path.</summary>
internal abstract class Condition
{
    /// <summary>Whether it holds where <see cref="Inner"/> holds for no value at the path.</summary>
    public virtual bool IsNegative => false;

    public virtual Condition? Inner => null;

    /// <summary>Asks the field at a path; arrays are asked as a whole and by item.</summary>
    /// <param name="present">False where the path leads nowhere; then <paramref name="field"/> is empty.</param>
    public virtual bool TestField(bool present, BsonElement field, MatchDetails? details)
    {
        if (!present)
        {
            return TestMissing();
        }

        if (Test(field))
        {
            return true;
        }

        if (field.Type != BsonType.Array)
        {
            return false;
        }

        var index = 0;
        foreach (var item in field.AsDocument)
        {
            if (Test(item))
            {
                if (details is not null)
                {
                    details.ArrayIndex ??= index;
                }

                return true;
            }

            index++;
        }

        return false;
    }

    /// <summary>The parts of a conjunction: they may be met by different items of an array.</summary>
    public virtual IReadOnlyList<Condition> Parts => [this];

    protected virtual bool TestMissing() => false;

    protected abstract bool Test(BsonElement value);
}

/// <summary>Several conditions on one path.</summary>
internal sealed class Together(IReadOnlyList<Condition> parts) : Condition
{
    public override IReadOnlyList<Condition> Parts { get; } = [.. parts.SelectMany(static part => part.Parts)];

    public override bool TestField(bool present, BsonElement field, MatchDetails? details)
    {
        foreach (var part in parts)
        {
            var met = part.IsNegative
                ? !part.Inner!.TestField(present, field, null)
                : part.TestField(present, field, details);
            if (!met)
            {
                return false;
            }
        }

        return true;
    }

    protected override bool Test(BsonElement value) => throw new NotSupportedException();
}

/// <summary><c>$ne</c>, <c>$nin</c>, <c>$not</c>.</summary>
internal sealed class Negated(Condition inner) : Condition
{
    public override bool IsNegative => true;

    public override Condition Inner => inner;

    public override bool TestField(bool present, BsonElement field, MatchDetails? details) =>
        !inner.TestField(present, field, null);

    protected override bool Test(BsonElement value) => throw new NotSupportedException();
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
internal sealed class Compared(Comparison comparison, BsonDocument operand) : Condition
{
    protected override bool TestMissing() =>
        operand.View.First.Type is BsonType.Null or BsonType.Undefined
        && comparison is Comparison.Equal or Comparison.LessOrEqual or Comparison.GreaterOrEqual;

    protected override bool Test(BsonElement value)
    {
        var wanted = operand.View.First;
        var order = BsonOrder.CompareValues(value, wanted);
        if (comparison == Comparison.Equal)
        {
            return order == 0;
        }

        if (
            wanted.Type is not (BsonType.MinKey or BsonType.MaxKey)
            && (
                BsonOrder.Bracket(value.Type) != BsonOrder.Bracket(wanted.Type)
                || IsNotANumber(value) != IsNotANumber(wanted)
            )
        )
        {
            return false;
        }

        return comparison switch
        {
            Comparison.Less => order < 0,
            Comparison.LessOrEqual => order <= 0,
            Comparison.Greater => order > 0,
            _ => order >= 0,
        };
    }

    private static bool IsNotANumber(BsonElement value) =>
        value.Type == BsonType.Double && double.IsNaN(value.AsDouble);
}

internal sealed class AnyOfConditions(IReadOnlyList<Condition> parts) : Condition
{
    public override bool TestField(bool present, BsonElement field, MatchDetails? details)
    {
        foreach (var part in parts)
        {
            if (part.TestField(present, field, details))
            {
                return true;
            }
        }

        return false;
    }

    protected override bool Test(BsonElement value) => throw new NotSupportedException();
}

internal sealed class Exists : Condition
{
    public override bool TestField(bool present, BsonElement field, MatchDetails? details) => present;

    protected override bool Test(BsonElement value) => throw new NotSupportedException();
}

internal sealed class OfType(IReadOnlySet<BsonType> types) : Condition
{
    protected override bool Test(BsonElement value) => types.Contains(value.Type);
}

internal sealed class OfSize(long size) : Condition
{
    public override bool TestField(bool present, BsonElement field, MatchDetails? details)
    {
        if (!present || field.Type != BsonType.Array)
        {
            return false;
        }

        var count = 0;
        foreach (var _ in field.AsDocument)
        {
            count++;
        }

        return count == size;
    }

    protected override bool Test(BsonElement value) => throw new NotSupportedException();
}

internal sealed class Modulo(long divisor, long remainder) : Condition
{
    protected override bool Test(BsonElement value) => value.IsNumber && value.ToInt64() % divisor == remainder;
}

internal sealed class Pattern(System.Text.RegularExpressions.Regex regex) : Condition
{
    protected override bool Test(BsonElement value) =>
        value.Type is BsonType.String or BsonType.Symbol && regex.IsMatch(value.AsString);
}

/// <summary><c>$elemMatch</c>: one item meets it all.</summary>
internal sealed class ItemMatches(Filter filter, bool onValue) : Condition
{
    public override bool TestField(bool present, BsonElement field, MatchDetails? details)
    {
        if (!present || field.Type != BsonType.Array)
        {
            return false;
        }

        var index = 0;
        foreach (var item in field.AsDocument)
        {
            if (onValue ? filter.MatchesItem(item) : item.Type == BsonType.Document && filter.Matches(item.AsDocument))
            {
                if (details is not null)
                {
                    details.ArrayIndex ??= index;
                }

                return true;
            }

            index++;
        }

        return false;
    }

    protected override bool Test(BsonElement value) => throw new NotSupportedException();
}

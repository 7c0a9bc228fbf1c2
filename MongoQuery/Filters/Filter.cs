using Backup.MongoQuery.Expressions;
using Backup.MongoQuery.Paths;
using Backup.MongoWire.Bson;

namespace Backup.MongoQuery.Filters;

/// <summary>Where in an array a filter has matched: what <c>$</c> of an update stands for.</summary>
public sealed class MatchDetails
{
    /// <summary>From 0, in the outermost array on the way; null where no array was on the way.</summary>
    public int? ArrayIndex { get; set; }
}

/// <summary>A query of the find language, compiled once and asked of raw documents.</summary>
public abstract class Filter
{
    public static readonly Filter Everything = new AllOf([]);

    public bool Matches(BsonView document) => Matches(document, null);

    /// <param name="document">Well-formed.</param>
    /// <param name="details">Told where in an array it matched; may be null.</param>
    /// <exception cref="QueryException">2601 at a value that is not compared as a server does, 2604 for a pattern that takes too long.</exception>
    public abstract bool Matches(BsonView document, MatchDetails? details);

    /// <summary>Asks an array's item as if it stood alone; only for filters of <see cref="OfValue"/>.</summary>
    public virtual bool MatchesItem(BsonElement item) => throw new NotSupportedException();

    /// <exception cref="QueryException">2600 where an operator is not known or is misused, 2601 where it is not supported.</exception>
    public static Filter Parse(BsonDocument query) => FilterParser.Query(query.View, 0);

    /// <summary>A condition on one value: <c>{$gt: 3}</c>, a regular expression, or a value it must equal.</summary>
    /// <exception cref="QueryException">As of <see cref="Parse"/>.</exception>
    public static Filter OfValue(BsonElement condition) => FilterParser.OfValue(condition);
}

internal sealed class AllOf(IReadOnlyList<Filter> parts) : Filter
{
    public override bool Matches(BsonView document, MatchDetails? details)
    {
        foreach (var part in parts)
        {
            if (!part.Matches(document, details))
            {
                return false;
            }
        }

        return true;
    }

    public override bool MatchesItem(BsonElement item)
    {
        foreach (var part in parts)
        {
            if (!part.MatchesItem(item))
            {
                return false;
            }
        }

        return true;
    }
}

internal sealed class AnyOf(IReadOnlyList<Filter> parts) : Filter
{
    public override bool Matches(BsonView document, MatchDetails? details)
    {
        foreach (var part in parts)
        {
            if (part.Matches(document, details))
            {
                return true;
            }
        }

        return false;
    }

    public override bool MatchesItem(BsonElement item)
    {
        foreach (var part in parts)
        {
            if (part.MatchesItem(item))
            {
                return true;
            }
        }

        return false;
    }
}

internal sealed class Not(Filter inner) : Filter
{
    public override bool Matches(BsonView document, MatchDetails? details) => !inner.Matches(document, null);

    public override bool MatchesItem(BsonElement item) => !inner.MatchesItem(item);
}

/// <summary>A test of the values that a path leads to.</summary>
/// <param name="path">Null in a condition on one value.</param>
internal sealed class PathFilter(FieldPath? path, ValueTest test) : Filter
{
    public override bool Matches(BsonView document, MatchDetails? details) =>
        PathWalk.Any(document, path!, test, details);

    public override bool MatchesItem(BsonElement item) => test.Test(item);
}

/// <summary>A condition on one value that arrays are asked by item, too.</summary>
internal sealed class ValueFilter(Filter inner) : Filter
{
    public override bool Matches(BsonView document, MatchDetails? details) => MatchesItem(document.First);

    public override bool MatchesItem(BsonElement item) => inner.MatchesItem(item);
}

/// <summary><c>$expr</c></summary>
internal sealed class ExpressionFilter(Expression expression) : Filter
{
    public override bool Matches(BsonView document, MatchDetails? details) =>
        expression.Evaluate(document.ToDocument()).IsTrue;
}

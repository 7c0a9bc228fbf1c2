using System.Text;
using Backup.MongoWire.Bson;
using Backup.Sandbox.Values;

namespace Backup.Sandbox.Query;

/// <summary>Where in an array a filter has matched: what <c>$</c> of an update stands for.</summary>
internal sealed class MatchDetails
{
    public int? ArrayIndex { get; set; }
}

/// <summary>A query of the find language, compiled once and asked of raw documents.</summary>
internal abstract class Filter
{
    public static readonly Filter Everything = new AllOf([]);

    public bool Matches(BsonView document) => Matches(document, null);

    public abstract bool Matches(BsonView document, MatchDetails? details);

    /// <summary>Asks an array's item as if it stood alone; only for filters of <see cref="OfValue"/>.</summary>
    public virtual bool MatchesItem(BsonElement item) => throw new NotSupportedException();

    /// <exception cref="CommandFault">2 where an operator is not known or is misused.</exception>
    public static Filter Parse(BsonDocument query)
    {
        var parts = new List<Filter>();
        foreach (var field in query.View)
        {
            var name = field.NameText;
            if (!name.StartsWith('$'))
            {
                parts.Add(new PathFilter(field.Name, ConditionParser.OfField(field)));
                continue;
            }

            switch (name)
            {
                case "$and":
                    parts.Add(new AllOf(Clauses(field)));
                    break;
                case "$or":
                    parts.Add(new AnyOf(Clauses(field)));
                    break;
                case "$nor":
                    parts.Add(new Not(new AnyOf(Clauses(field))));
                    break;
                case "$comment":
                    break;
                default:
                    throw CommandFault.BadValue($"unknown top level operator: {name}");
            }
        }

        return parts.Count == 1 ? parts[0] : new AllOf(parts);
    }

    /// <summary>A condition on one value: <c>{$gt: 3}</c>, a regular expression, or a value it must equal.</summary>
    public static Filter OfValue(BsonElement condition) => new ItemFilter(ConditionParser.OfField(condition));

    private static List<Filter> Clauses(BsonElement field)
    {
        if (field.Type != BsonType.Array || field.AsDocument.IsEmpty)
        {
            throw CommandFault.BadValue($"{field.NameText} must be a nonempty array");
        }

        var clauses = new List<Filter>();
        foreach (var clause in field.AsDocument)
        {
            if (clause.Type != BsonType.Document)
            {
                throw CommandFault.BadValue("$or/$and/$nor entries need to be full objects");
            }

            clauses.Add(Parse(clause.AsDocument.ToDocument()));
        }

        return clauses;
    }

    private sealed class AllOf(IReadOnlyList<Filter> parts) : Filter
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
    }

    private sealed class AnyOf(IReadOnlyList<Filter> parts) : Filter
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
    }

    private sealed class Not(Filter inner) : Filter
    {
        public override bool Matches(BsonView document, MatchDetails? details) => !inner.Matches(document, null);
    }

    private sealed class ItemFilter(Condition condition) : Filter
    {
        public override bool Matches(BsonView document, MatchDetails? details) => MatchesItem(document.First);

        public override bool MatchesItem(BsonElement item) => condition.TestField(true, item, null);
    }

    private sealed class PathFilter : Filter
    {
        private readonly byte[][] _path;
        private readonly Condition _condition;

        public PathFilter(ReadOnlySpan<byte> path, Condition condition)
        {
            _path = [.. Names.Of(path).Split('.').Select(Names.Bytes)];
            _condition = condition;
        }

        public override bool Matches(BsonView document, MatchDetails? details)
        {
            foreach (var condition in _condition.Parts)
            {
                var met = condition.IsNegative
                    ? !Any(document, 0, condition.Inner!, null)
                    : Any(document, 0, condition, details);
                if (!met)
                {
                    return false;
                }
            }

            return true;
        }

        private bool Any(BsonView document, int depth, Condition condition, MatchDetails? details)
        {
            if (!document.TryGet(_path[depth], out var field))
            {
                return condition.TestField(false, default, null);
            }

            if (depth == _path.Length - 1)
            {
                return condition.TestField(true, field, details);
            }

            return field.Type switch
            {
                BsonType.Document => Any(field.AsDocument, depth + 1, condition, details),
                BsonType.Array => AnyItem(field.AsDocument, depth + 1, condition, details),
                _ => condition.TestField(false, default, null),
            };
        }

        private bool AnyItem(BsonView array, int depth, Condition condition, MatchDetails? details)
        {
            var index = 0;
            var documents = 0;
            foreach (var item in array)
            {
                if (item.Type == BsonType.Document)
                {
                    documents++;
                    if (Any(item.AsDocument, depth, condition, details))
                    {
                        if (details is not null)
                        {
                            details.ArrayIndex ??= index;
                        }

                        return true;
                    }
                }

                index++;
            }

            if (Names.TryIndex(Encoding.Latin1.GetString(_path[depth]), out _) && array.Has(_path[depth]))
            {
                return Any(array, depth, condition, details);
            }

            return documents == 0 && index == 0 && condition.TestField(false, default, null);
        }
    }
}

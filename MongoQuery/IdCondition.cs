using Backup.MongoWire.Bson;

namespace Backup.MongoQuery;

/// <summary>What a query says of <c>_id</c>, and so where its documents can be. The query itself is asked of each of them anyway.</summary>
/// <param name="Points">Each as the only field of a document, in order; null where it is no choice of single values.</param>
/// <param name="From">The lowest, as the only field of a document; null: no bound.</param>
/// <param name="To">The highest.</param>
public sealed record IdCondition(IReadOnlyList<BsonDocument>? Points, BsonDocument? From, BsonDocument? To)
{
    /// <summary>Nothing.</summary>
    public static readonly IdCondition None = new(null, null, null);

    public bool IsNone => Points is null && From is null && To is null;

    /// <param name="query">Valid, as of <see cref="Filters.Filter.Parse"/>.</param>
    public static IdCondition Of(BsonDocument? query)
    {
        if (query is not { } given || !given.View.TryGet("_id"u8, out var id))
        {
            return None;
        }

        var isOperators =
            id.Type == BsonType.Document && id.AsDocument is { IsEmpty: false, First.Name: [(byte)'$', ..] };
        if (!isOperators)
        {
            return IsPlain(id) ? new IdCondition([Values.Wrap(id)], null, null) : None;
        }

        var found = None;
        foreach (var part in id.AsDocument)
        {
            found = part.NameText switch
            {
                "$eq" when IsPlain(part) => found with { Points = [Values.Wrap(part)] },
                "$in" when part.Type == BsonType.Array => found with { Points = Several(part.AsDocument) },
                "$gt" or "$gte" when IsPlain(part) => found with { From = Values.Wrap(part) },
                "$lt" or "$lte" when IsPlain(part) => found with { To = Values.Wrap(part) },
                _ => found,
            };
        }

        return found;
    }

    private static List<BsonDocument>? Several(BsonView values)
    {
        var points = new SortedSet<Value>(Comparer<Value>.Create(Value.Compare));
        foreach (var value in values)
        {
            if (!IsPlain(value))
            {
                return null;
            }

            points.Add(Value.Of(value));
        }

        return [.. points.Select(static point => point.Wrapped())];
    }

    /// <summary>Whether a value stands for itself and can be an <c>_id</c>.</summary>
    private static bool IsPlain(BsonElement value) =>
        value.Type
            is not (
                BsonType.RegularExpression
                or BsonType.Array
                or BsonType.Null
                or BsonType.Undefined
                or BsonType.MinKey
                or BsonType.MaxKey
            );
}

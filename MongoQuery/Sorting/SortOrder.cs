using Backup.MongoQuery.Paths;
using Backup.MongoWire.Bson;

namespace Backup.MongoQuery.Sorting;

/// <summary>
/// The order of a sort specification such as <c>{a: 1, "b.c": -1}</c>. A missing field sorts as null; of an array the item counts that comes first in
/// the order, and of several fields in one array those of one item.
/// </summary>
public sealed class SortOrder : IComparer<BsonDocument>
{
    /// <summary>As of a server's index.</summary>
    private const int MaximumFields = 32;

    private readonly List<FieldPath> _paths = [];
    private readonly List<int> _directions = [];

    /// <exception cref="QueryException">2600 for directions other than 1 and -1, 2601 for <c>$meta</c> and <c>$natural</c>.</exception>
    public SortOrder(BsonDocument specification)
    {
        foreach (var key in specification.View)
        {
            if (key.Name is [(byte)'$', ..] || key.Type == BsonType.Document)
            {
                throw MongoQueryErrors.NotSupported($"a sort by '{key.NameText}'");
            }

            if (!key.IsNumber || Math.Abs(key.ToDouble()) != 1)
            {
                throw MongoQueryErrors.BadValue("bad sort specification: directions are 1 and -1");
            }

            var path = FieldPath.Parse(key.Name);
            if (path.HasEmptyPart)
            {
                throw MongoQueryErrors.BadValue("bad sort specification: a field name is empty");
            }

            _paths.Add(path);
            _directions.Add(Math.Sign(key.ToDouble()));
        }

        if (_paths.Count > MaximumFields)
        {
            throw MongoQueryErrors.BadValue("bad sort specification: too many fields");
        }
    }

    public int Compare(BsonDocument left, BsonDocument right) => Compare(KeyOf(left), KeyOf(right));

    /// <exception cref="QueryException">2601 where two of its fields are in different arrays.</exception>
    internal Value[] KeyOf(BsonDocument document)
    {
        var key = new Value[_paths.Count];
        Value[]? best = null;
        SortKeys.Each(
            document.View,
            _paths,
            key,
            candidate =>
            {
                if (best is null || Compare(candidate, best) < 0)
                {
                    best = [.. candidate];
                }
            }
        );
        return best!;
    }

    internal int Compare(Value[] left, Value[] right)
    {
        for (var i = 0; i < left.Length; i++)
        {
            var order = Value.Compare(left[i], right[i]);
            if (order != 0)
            {
                return order * _directions[i];
            }
        }

        return 0;
    }
}

using System.Text;
using Backup.MongoQuery.Paths;
using Backup.MongoWire.Bson;

namespace Backup.Sandbox.Sharding.Catalogue;

/// <summary>A range of shard keys.</summary>
/// <param name="Min">Inclusive.</param>
/// <param name="Max">Exclusive, but for the greatest key that there is.</param>
internal sealed record KeyRange(BsonDocument Min, BsonDocument Max)
{
    public bool Holds(BsonDocument key) =>
        BsonOrder.CompareDocuments(key.View, Min.View) >= 0 && BsonOrder.CompareDocuments(key.View, Max.View) < 0;

    public bool Overlaps(KeyRange other) =>
        BsonOrder.CompareDocuments(Min.View, other.Max.View) < 0
        && BsonOrder.CompareDocuments(other.Min.View, Max.View) < 0;

    public bool Covers(KeyRange other) =>
        BsonOrder.CompareDocuments(Min.View, other.Min.View) <= 0
        && BsonOrder.CompareDocuments(other.Max.View, Max.View) <= 0;
}

/// <summary>What a sharded collection is distributed by: <c>{a: 1, "b.c": 1}</c> or <c>{a: "hashed"}</c>.</summary>
internal sealed class ShardKey
{
    private readonly List<(byte[] Name, FieldPath Path)> _fields = [];

    /// <exception cref="CommandFault">2 where it is no key.</exception>
    public ShardKey(BsonDocument pattern)
    {
        Pattern = pattern;
        foreach (var field in pattern.View)
        {
            var isHashed = field.Type == BsonType.String && field.AsString == "hashed";
            if (!isHashed && !(field.IsNumber && field.ToDouble() == 1))
            {
                throw CommandFault.BadValue(
                    $"Shard key {ExtendedJson.ToText(pattern.View)} can contain either a single 'hashed' field or multiple numerical fields set to a value of 1. Failed to parse field {field.NameText}"
                );
            }

            IsHashed |= isHashed;
            _fields.Add((field.Name.ToArray(), FieldPath.Parse(field.Name)));
        }

        if (_fields.Count == 0 || (IsHashed && _fields.Count > 1))
        {
            throw CommandFault.BadValue(
                _fields.Count == 0 ? "Shard key is empty" : "Hashed shard keys have one field only"
            );
        }
    }

    public BsonDocument Pattern { get; }

    public bool IsHashed { get; }

    public IEnumerable<string> Fields => _fields.Select(static one => Encoding.UTF8.GetString(one.Name));

    public BsonDocument Lowest => Bound(lowest: true);

    public BsonDocument Highest => Bound(lowest: false);

    /// <summary>A document's key; null where it has none: a field is missing or an array.</summary>
    public BsonDocument? Of(BsonDocument document)
    {
        foreach (var (_, path) in _fields)
        {
            if (path.ValueIn(document.View).Type is BsonType.EndOfDocument or BsonType.Array)
            {
                return null;
            }
        }

        return Build(field => field.Path.ValueIn(document.View));
    }

    /// <summary>The key that a query names by equality of all its fields; null where it does not.</summary>
    public BsonDocument? OfQuery(BsonDocument query)
    {
        foreach (var (name, _) in _fields)
        {
            if (!query.View.TryGet(name, out var wanted) || Equal(wanted).Type is BsonType.EndOfDocument)
            {
                return null;
            }
        }

        return Build(field => Equal(query.View[field.Name]));
    }

    /// <summary>The keys among which all lie that a query can find.</summary>
    public KeyRange Bounds(BsonDocument query)
    {
        if (OfQuery(query) is { } key)
        {
            return new KeyRange(key, key);
        }

        if (IsHashed || !query.View.TryGet(_fields[0].Name, out var wanted))
        {
            return new KeyRange(Lowest, Highest);
        }

        if (Equal(wanted).Type != BsonType.EndOfDocument)
        {
            var value = Backup.MongoQuery.Values.Wrap(Equal(wanted));
            return new KeyRange(Bound(lowest: true, value), Bound(lowest: false, value));
        }

        var (min, max) = (Lowest, Highest);
        if (IsOperators(wanted))
        {
            foreach (var part in wanted.AsDocument)
            {
                if (part.NameText is "$gt" or "$gte")
                {
                    min = Bound(lowest: true, Backup.MongoQuery.Values.Wrap(part));
                }
                else if (part.NameText is "$lt" or "$lte")
                {
                    max = Bound(lowest: false, Backup.MongoQuery.Values.Wrap(part));
                }
            }
        }

        return new KeyRange(min, max);
    }

    /// <summary>The shard key's fields and <c>_id</c>: how the oplog of a shard names a document.</summary>
    public BsonDocument DocumentKey(BsonDocument document) =>
        BsonDocument.Build(w =>
        {
            foreach (var (name, path) in _fields)
            {
                var value = path.ValueIn(document.View);
                if (value.Type != BsonType.EndOfDocument)
                {
                    w.Element(name, value);
                }
            }

            if (_fields.TrueForAll(static field => !field.Name.AsSpan().SequenceEqual("_id"u8)))
            {
                w.Element(document.View["_id"u8]);
            }
        });

    /// <summary>As the ids of chunks spell it: field, underscore, value, for each field.</summary>
    public static string Spell(BsonDocument key)
    {
        var text = new StringBuilder();
        foreach (var field in key.View)
        {
            text.Append(field.NameText).Append('_').Append(Spell(field));
        }

        return text.ToString();
    }

    private static string Spell(BsonElement value) =>
        value.Type switch
        {
            BsonType.MinKey => "MinKey",
            BsonType.MaxKey => "MaxKey",
            BsonType.Int32 or BsonType.Int64 => $"{value.ToInt64()}",
            BsonType.Double => $"{value.AsDouble:0.0################}",
            BsonType.String => $"\"{value.AsString}\"",
            BsonType.ObjectId => $"ObjectId('{Convert.ToHexStringLower(value.AsObjectId)}')",
            BsonType.DateTime => $"new Date({value.AsDateTime})",
            _ => ExtendedJson.ToText(Backup.MongoQuery.Values.Wrap(value).View),
        };

    private delegate BsonElement Finder((byte[] Name, FieldPath Path) field);

    private BsonDocument Build(Finder find) =>
        BsonDocument.Build(w =>
        {
            foreach (var field in _fields)
            {
                Write(w, field.Name, find(field));
            }
        });

    private void Write(BsonWriter writer, byte[] name, BsonElement value)
    {
        if (IsHashed)
        {
            writer.Int64(name, HashedKey.Of(value));
        }
        else
        {
            writer.Element(name, value);
        }
    }

    /// <summary>The lowest or highest key there is, or of those that begin with a value.</summary>
    private BsonDocument Bound(bool lowest, BsonDocument? first = null) =>
        BsonDocument.Build(w =>
        {
            foreach (var (position, (name, _)) in _fields.Index())
            {
                if (position == 0 && first is { } value)
                {
                    w.Element(name, value.View.First);
                }
                else if (lowest)
                {
                    w.MinKey(name);
                }
                else
                {
                    w.MaxKey(name);
                }
            }
        });

    private static bool IsOperators(BsonElement value) =>
        value.Type == BsonType.Document && !value.AsDocument.IsEmpty && value.AsDocument.First.Name is [(byte)'$', ..];

    private static BsonElement Equal(BsonElement wanted)
    {
        if (wanted.Type is BsonType.RegularExpression or BsonType.Array)
        {
            return default;
        }

        if (!IsOperators(wanted))
        {
            return wanted;
        }

        return wanted.AsDocument.TryGet("$eq"u8, out var equal) && equal.Type != BsonType.Array ? equal : default;
    }
}

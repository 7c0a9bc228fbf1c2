using Backup.MongoQuery.Filters;
using Backup.MongoQuery.Paths;
using Backup.MongoQuery.Sorting;
using Backup.MongoWire.Bson;

namespace Backup.Sandbox.Storage;

/// <summary>Names: databases, collections, what a name says.</summary>
internal static class Namespaces
{
    public static (string Database, string Name) Split(string ns)
    {
        var dot = ns.IndexOf('.');
        return dot > 0 && dot < ns.Length - 1
            ? (ns[..dot], ns[(dot + 1)..])
            : throw CommandFault.InvalidNamespace($"Invalid namespace specified '{ns}'");
    }

    public static void Check(string database, string name)
    {
        if (database.Length is 0 or > 63 || database.AsSpan().ContainsAny("/\\. \"$\0"))
        {
            throw CommandFault.InvalidNamespace($"Invalid database name: '{database}'");
        }

        if (name.Length == 0 || name[0] == '.' || name.Contains('\0') || name.Contains('$'))
        {
            throw CommandFault.InvalidNamespace($"Invalid collection name: '{name}'");
        }
    }

    public static bool IsView(SandboxCollection collection) => collection.Options.View.Has("viewOn"u8);
}

/// <summary>Index specifications as the catalogue keeps them.</summary>
internal static class IndexSpecs
{
    public static BsonDocument IdIndex(SandboxCollection collection, WireProfile profile) =>
        BsonDocument.Build(w =>
        {
            w.Int32("v"u8, 2).BeginDocument("key"u8).Int32("_id"u8, 1).EndDocument().String("name"u8, "_id_");
            if (profile == WireProfile.V42)
            {
                w.String("ns"u8, collection.Namespace);
            }

            if (collection.Options.View.TryGet("collation"u8, out var collation))
            {
                w.Element(collation);
            }
        });

    /// <summary>
    /// What listIndexes shows of the cluster key: nothing of buckets, whose option is a mere <c>true</c>. Source: clustered_collection_util.cpp.
    /// </summary>
    public static BsonDocument? Clustered(BsonDocument options)
    {
        if (options.View["clusteredIndex"u8] is not { Type: BsonType.Document } index)
        {
            return null;
        }

        var key = index.AsDocument.ToDocument();
        return BsonDocument.Build(w =>
        {
            foreach (var field in key.View)
            {
                w.Element(field);
            }

            foreach (var option in options.View)
            {
                if (option.NameText is "collation" or "expireAfterSeconds")
                {
                    w.Element(option);
                }
            }

            w.Boolean("clustered"u8, true);
        });
    }

    /// <summary>The index that every collection has, or the cluster key that stands for it.</summary>
    public static bool IsOnId(BsonDocument index)
    {
        var key = index.View["key"u8].AsDocument.GetEnumerator();
        return key.MoveNext() && key.Current.NameIs("_id"u8) && key.Current.IsNumber && !key.MoveNext();
    }

    public static BsonDocument WithNamespace(BsonDocument spec, string ns) =>
        BsonDocument.Build(w =>
        {
            foreach (var field in spec.View)
            {
                if (field.NameIs("ns"u8))
                {
                    w.String("ns"u8, ns);
                }
                else
                {
                    w.Element(field);
                }
            }
        });

    /// <summary><c>v</c>, <c>unique</c>, <c>key</c>, <c>name</c>, then <c>ns</c> (4.2) and the rest as the client gave it.</summary>
    public static BsonDocument Normalise(BsonDocument given, string? ns)
    {
        if (!given.View.TryGet("key"u8, out var key) || key.Type != BsonType.Document || key.AsDocument.IsEmpty)
        {
            throw new CommandFault(67, "CannotCreateIndex", "Index keys cannot be empty.");
        }

        var keyCopy = key.AsDocument.ToDocument();
        if (!given.View.TryGet("name"u8, out var named) || named.AsUtf8.IsEmpty)
        {
            throw CommandFault.FailedToParse("The 'name' field is a required property of an index specification");
        }

        var name = named.AsString;
        return BsonDocument.Build(w =>
        {
            w.Int32("v"u8, 2);
            if (given.View.TryGet("unique"u8, out var unique) && unique.ToBoolean())
            {
                w.Boolean("unique"u8, true);
            }

            w.Document("key"u8, keyCopy).String("name"u8, name);
            if (ns is not null)
            {
                w.String("ns"u8, ns);
            }

            foreach (var field in given.View)
            {
                if (field.NameText is not ("v" or "unique" or "key" or "name" or "ns"))
                {
                    w.Element(field);
                }
            }
        });
    }

    public static string Name(BsonDocument spec) => spec.View["name"u8].AsString;

    public static BsonDocument Without(BsonDocument spec, string field) =>
        BsonDocument.Build(w =>
        {
            foreach (var element in spec.View)
            {
                if (element.NameText != field)
                {
                    w.Element(element);
                }
            }
        });
}

/// <summary>The options of capped collections.</summary>
internal static class CappedOptions
{
    /// <summary>As a server writes it: a multiple of 256.</summary>
    public static BsonDocument WithSize(BsonDocument options, long size)
    {
        var whole = (size + 255) / 256 * 256;
        return BsonDocument.Build(w =>
        {
            foreach (var option in options.View)
            {
                if (!option.NameIs("size"u8))
                {
                    w.Element(option);
                }
                else if (whole <= int.MaxValue)
                {
                    w.Int32("size"u8, (int)whole);
                }
                else
                {
                    w.Int64("size"u8, whole);
                }
            }
        });
    }
}

/// <summary>
/// Unique indexes, held by looking: each write reads the collection once per unique index. Fields reached through
/// arrays are compared as a whole. A sandbox has few unique indexes.
/// </summary>
internal static class UniqueIndexes
{
    /// <param name="ignored">Documents that are as good as gone; null: there are none.</param>
    public static void Check(
        SandboxCollection collection,
        BsonDocument document,
        Record? replaced,
        Func<Record, bool>? ignored = null
    )
    {
        foreach (var index in collection.Indexes)
        {
            // Two documents with one _id are refused where documents are kept.
            if (IndexSpecs.IsOnId(index) || !index.View.TryGet("unique"u8, out var unique) || !unique.ToBoolean())
            {
                continue;
            }

            var key = index.View["key"u8].AsDocument.ToDocument();
            if (Skipped(index, key, document))
            {
                continue;
            }

            var order = new SortOrder(key);
            foreach (var other in collection.From(Record.Lowest, skipEqual: false))
            {
                if (
                    other != replaced
                    && !Skipped(index, key, other.Document)
                    && order.Compare(other.Document, document) == 0
                    && ignored?.Invoke(other) != true
                )
                {
                    throw CommandFault.DuplicateKey(
                        collection.Namespace,
                        IndexSpecs.Name(index),
                        key,
                        KeyOf(key, document)
                    );
                }
            }
        }
    }

    private static bool Skipped(BsonDocument index, BsonDocument key, BsonDocument document)
    {
        if (index.View.TryGet("partialFilterExpression"u8, out var partial))
        {
            return !Filter.Parse(partial.AsDocument.ToDocument()).Matches(document.View);
        }

        if (!index.View.TryGet("sparse"u8, out var sparse) || !sparse.ToBoolean())
        {
            return false;
        }

        foreach (var field in key.View)
        {
            if (FieldPath.Parse(field.Name).ValueIn(document.View).Type != BsonType.EndOfDocument)
            {
                return false;
            }
        }

        return true;
    }

    private static BsonDocument KeyOf(BsonDocument key, BsonDocument document) =>
        BsonDocument.Build(w =>
        {
            foreach (var field in key.View)
            {
                var value = FieldPath.Parse(field.Name).ValueIn(document.View);
                if (value.Type == BsonType.EndOfDocument)
                {
                    w.Null(field.Name);
                }
                else
                {
                    w.Element(field.Name, value);
                }
            }
        });
}

using System.Text;
using Backup.MongoWire.Bson;

namespace Backup.Oplog.Catalogues;

/// <summary>A collection's indexes as listIndexes shows them, changed by the commands that the oplog holds.</summary>
internal static class IndexList
{
    /// <summary>
    /// Adds an index, unless one of its name is there: an older entry replayed over a newer listing. Servers up to 4.2 keep the
    /// namespace in each index, behind the name; that is seen on the collection's first.
    /// </summary>
    /// <param name="collection">Its owner.</param>
    /// <param name="index">The index, without the command's own field.</param>
    internal static CatalogueCollection Add(CatalogueCollection collection, BsonDocument index)
    {
        var name = NameOf(index);
        if (collection.Indexes.Any(known => NameOf(known) == name))
        {
            return collection;
        }

        var hasNamespace = collection.Indexes.Count > 0 && collection.Indexes[0].View.Has("ns"u8);
        var added = hasNamespace ? WithNamespace(index, collection.Namespace) : index;
        return collection with { Indexes = [.. collection.Indexes, added] };
    }

    /// <summary>
    /// The <c>_id</c> index that a server makes for a <c>create</c> that names none, as one has that was ordered by <c>applyOps</c>: of version 1.
    /// </summary>
    /// <param name="ns">Kept in the index by servers up to 4.2; null for later ones.</param>
    internal static BsonDocument DefaultIdIndex(string? ns) =>
        BsonDocument.Build(w =>
        {
            w.Int32("v"u8, 1).BeginDocument("key"u8).Int32("_id"u8, 1).EndDocument().String("name"u8, "_id_");
            if (ns is not null)
            {
                w.String("ns"u8, ns);
            }
        });

    /// <summary>
    /// What stands for the <c>_id</c> index of a clustered collection; null for the buckets of a time series (whose option is a mere <c>true</c>),
    /// which list none. Source: the server's clustered_collection_util.cpp.
    /// </summary>
    /// <param name="options">The collection's.</param>
    internal static BsonDocument? Clustered(BsonDocument options)
    {
        if (!options.View.TryGet("clusteredIndex"u8, out var clustered) || clustered.Type != BsonType.Document)
        {
            return null;
        }

        using var writer = new BsonWriter();
        writer.BeginDocument();
        foreach (var field in clustered.AsDocument)
        {
            writer.Element(field);
        }

        foreach (var name in (ReadOnlySpan<string>)["collation", "expireAfterSeconds"])
        {
            if (options.View.TryGet(Encoding.UTF8.GetBytes(name), out var option))
            {
                writer.Element(option);
            }
        }

        return writer.Boolean("clustered"u8, true).EndDocument().ToDocument();
    }

    /// <summary>After a change of the options, which a clustered collection's first index repeats.</summary>
    internal static CatalogueCollection Follow(CatalogueCollection collection) =>
        Clustered(collection.Options) is { } clustered
            ? collection with
            {
                Indexes = [clustered, .. collection.Indexes.Where(index => !index.View.Has("clustered"u8))],
            }
            : collection;

    /// <summary>The index of a <c>createIndexes</c> entry.</summary>
    internal static BsonDocument FromCreate(BsonView command)
    {
        if (command.TryGet("spec"u8, out var spec) && spec.Type == BsonType.Document && !command.Has("key"u8))
        {
            return spec.AsDocument.ToDocument();
        }

        using var writer = new BsonWriter();
        writer.BeginDocument();
        var first = true;
        foreach (var field in command)
        {
            if (!first)
            {
                writer.Element(field);
            }

            first = false;
        }

        return writer.EndDocument().ToDocument();
    }

    /// <summary>Drops what the <c>index</c> of a <c>dropIndexes</c> says: a name, an array of names, a key, or <c>*</c>.</summary>
    internal static CatalogueCollection Drop(CatalogueCollection collection, BsonElement what)
    {
        var kept = new List<BsonDocument>();
        foreach (var index in collection.Indexes)
        {
            if (!IsMeant(index, what))
            {
                kept.Add(index);
            }
        }

        return kept.Count == collection.Indexes.Count ? collection : collection with { Indexes = kept };
    }

    /// <summary>The <c>index</c> part of a <c>collMod</c>.</summary>
    internal static CatalogueCollection Modify(CatalogueCollection collection, BsonView change)
    {
        var changed = collection.Indexes.ToArray();
        for (var i = 0; i < changed.Length; i++)
        {
            var isMeant = change.TryGet("name"u8, out var name)
                ? IsMeant(changed[i], name)
                : change.TryGet("keyPattern"u8, out var key) && IsMeant(changed[i], key);
            if (isMeant)
            {
                changed[i] = Modified(changed[i], change);
            }
        }

        return collection with
        {
            Indexes = changed,
        };
    }

    /// <summary>After a rename.</summary>
    internal static IReadOnlyList<BsonDocument> Renamed(IReadOnlyList<BsonDocument> indexes, string ns) =>
        [.. indexes.Select(index => index.View.Has("ns"u8) ? WithNamespace(index, ns) : index)];

    private static BsonDocument Modified(BsonDocument index, BsonView change)
    {
        foreach (var field in change)
        {
            index = field.NameText switch
            {
                "expireAfterSeconds" => Set(index, field),
                "hidden" or "prepareUnique" => field.ToBoolean()
                    ? Set(index, field)
                    : RawFields.Remove(index, field.NameText),
                "unique" when field.ToBoolean() => Set(RawFields.Remove(index, "prepareUnique"), field),
                "forceNonUnique" when field.ToBoolean() => RawFields.Remove(index, "unique"),
                _ => index,
            };
        }

        return index;
    }

    /// <summary>At the end, as a server does it, wherever the field stood.</summary>
    private static BsonDocument Set(BsonDocument index, BsonElement field) =>
        RawFields.Set(RawFields.Remove(index, field.NameText), field.NameText, field);

    private static bool IsMeant(BsonDocument index, BsonElement what)
    {
        var name = NameOf(index);
        switch (what.Type)
        {
            case BsonType.String when what.AsUtf8.SequenceEqual("*"u8):
                return name != "_id_" && !index.View.Has("clustered"u8);
            case BsonType.String:
                return name == what.AsString;
            case BsonType.Document:
                return index.View.TryGet("key"u8, out var key) && key.Value.SequenceEqual(what.Value);
            case BsonType.Array:
                foreach (var item in what.AsDocument)
                {
                    if (item.Type == BsonType.String && name == item.AsString)
                    {
                        return true;
                    }
                }

                return false;
            default:
                return false;
        }
    }

    private static string NameOf(BsonDocument index) =>
        index.View.TryGet("name"u8, out var name) && name.Type == BsonType.String ? name.AsString : "";

    private static BsonDocument WithNamespace(BsonDocument index, string ns)
    {
        var isReplacing = index.View.Has("ns"u8);
        using var writer = new BsonWriter();
        writer.BeginDocument();
        foreach (var field in index.View)
        {
            if (field.NameIs("ns"u8))
            {
                writer.String("ns"u8, ns);
                continue;
            }

            writer.Element(field);
            if (!isReplacing && field.NameIs("name"u8))
            {
                writer.String("ns"u8, ns);
            }
        }

        return writer.EndDocument().ToDocument();
    }
}

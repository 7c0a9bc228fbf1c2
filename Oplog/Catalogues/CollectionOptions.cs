using System.Text;
using Backup.MongoWire.Bson;

namespace Backup.Oplog.Catalogues;

/// <summary>A collection's options as listCollections shows them, made from the commands that the oplog holds.</summary>
internal static class CollectionOptions
{
    /// <summary>The order in which a server writes them, whatever order they were set in. Source: the server's CollectionOptions.</summary>
    private static readonly string[] Order =
    [
        "capped",
        "size",
        "max",
        "autoIndexId",
        "temp",
        "recordPreImages",
        "changeStreamPreAndPostImages",
        "storageEngine",
        "indexOptionDefaults",
        "validator",
        "validationLevel",
        "validationAction",
        "collation",
        "clusteredIndex",
        "expireAfterSeconds",
        "viewOn",
        "pipeline",
        "timeseries",
        "encryptedFields",
    ];

    /// <summary>Of a <c>create</c>: all but the name, the <c>_id</c> index and what belongs to one member's storage.</summary>
    internal static BsonDocument FromCreate(BsonView create)
    {
        using var writer = new BsonWriter();
        writer.BeginDocument();
        var first = true;
        foreach (var field in create)
        {
            if (!first && !IsStripped(field))
            {
                writer.Element(field);
            }

            first = false;
        }

        return writer.EndDocument().ToDocument();
    }

    /// <summary>Sets one option: at its place, or, where it is new, where the server's order has it.</summary>
    internal static BsonDocument With(BsonDocument options, string name, BsonElement value) =>
        RawFields.Set(options, name, value, option => Place(option) > Place(name));

    internal static BsonDocument Without(BsonDocument options, string name) => RawFields.Remove(options, name);

    /// <summary>
    /// The options part of a <c>collMod</c>. A server that sets the validator, its level or its action writes down level and action, the defaults
    /// too.
    /// </summary>
    internal static BsonDocument AfterCollMod(BsonDocument options, BsonView collMod)
    {
        if (collMod.Has("validator"u8) || collMod.Has("validationLevel"u8) || collMod.Has("validationAction"u8))
        {
            options = WithDefault(options, "validationLevel", "strict");
            options = WithDefault(options, "validationAction", "error");
        }

        foreach (var field in collMod)
        {
            options = field.NameText switch
            {
                "validator" => field.AsDocument.IsEmpty
                    ? Without(options, "validator")
                    : With(options, "validator", field),
                "validationLevel" or "validationAction" or "encryptedFields" => With(options, field.NameText, field),
                "recordPreImages" => field.ToBoolean()
                    ? With(options, "recordPreImages", field)
                    : Without(options, "recordPreImages"),
                "changeStreamPreAndPostImages" => field.AsDocument.TryGet("enabled"u8, out var enabled)
                && enabled.ToBoolean()
                    ? With(options, field.NameText, field)
                    : Without(options, field.NameText),
                "expireAfterSeconds" => field.IsNumber
                    ? With(options, field.NameText, field)
                    : Without(options, field.NameText),
                "cappedSize" => With(options, "size", field),
                "cappedMax" => field.ToInt64() > 0 ? With(options, "max", field) : Without(options, "max"),
                "timeseries" => TimeSeries(options, field.AsDocument),
                _ => options,
            };
        }

        return options;
    }

    private static BsonDocument WithDefault(BsonDocument options, string name, string value) =>
        options.View.Has(Encoding.UTF8.GetBytes(name))
            ? options
            : With(options, name, BsonDocument.Build(w => w.String("value"u8, value)).View.First);

    private static BsonDocument TimeSeries(BsonDocument options, BsonView change)
    {
        if (!options.View.TryGet("timeseries"u8, out var old))
        {
            return options;
        }

        var merged = old.AsDocument.ToDocument();
        foreach (var field in change)
        {
            merged = RawFields.Set(merged, field.NameText, field);
        }

        if (change.TryGet("granularity"u8, out var granularity) && !change.Has("bucketMaxSpanSeconds"u8))
        {
            // What the server derives from the granularity.
            var span = granularity.AsString switch
            {
                "minutes" => 86_400,
                "hours" => 2_592_000,
                _ => 3_600,
            };
            var derived = BsonDocument.Build(w => w.Int32("bucketMaxSpanSeconds"u8, span));
            merged = RawFields.Set(merged, "bucketMaxSpanSeconds", derived.View.First);
        }

        using var writer = new BsonWriter();
        writer.BeginDocument().Document("timeseries"u8, merged).EndDocument();
        return With(options, "timeseries", new BsonView(writer.Written).First);
    }

    private static bool IsStripped(BsonElement field) =>
        field.NameIs("idIndex"u8)
        || field.NameIs("uuid"u8)
        || field.NameIs("recordIdsReplicated"u8)
        || field.NameIs("ident"u8)
        || field.NameIs("idIndexIdent"u8)
        || field.NameIs("catalogId"u8);

    private static int Place(string option)
    {
        var place = Array.IndexOf(Order, option);
        return place < 0 ? int.MaxValue : place;
    }
}

using Backup.MongoWire.Bson;
using Backup.Sandbox.Storage;

namespace Backup.Sandbox.Commands;

/// <summary>collMod: the validator's options, an index's or a collection's own expiry, a view's definition.</summary>
internal static class CollModCommand
{
    private static readonly string[] Validation = ["validator", "validationLevel", "validationAction"];

    public static BsonDocument Run(CommandContext context)
    {
        var engine = context.Engine;
        lock (engine.Gate)
        {
            var collection = context.Collection ?? throw CommandFault.NamespaceNotFound("ns does not exist");
            // A time series is modified under its own name, and its buckets are meant.
            if (Namespaces.IsView(collection) && ClusteredCollections.BucketsOf(engine, collection) is { } buckets)
            {
                collection = buckets;
            }
            else if (Namespaces.IsView(collection))
            {
                ModifyView(context, collection);
                return context.Reply(static _ => { });
            }

            engine.Transactions.CheckFree(collection);
            CheckExpiry(context, collection);
            var index = context.Document("index"u8) is { } change ? IndexOf(collection, change) : -1;
            long? before = null;
            long? after = null;
            if (index >= 0)
            {
                var spec = collection.Indexes[index];
                before = spec.View.TryGet("expireAfterSeconds"u8, out var old) ? old.ToInt64() : null;
                after = context.Document("index"u8)!.Value.View["expireAfterSeconds"u8].ToInt64();
            }

            var options = collection.Options;
            engine.Redefine(
                collection,
                () =>
                {
                    collection.Options = Expiring(Validated(options, context.View), context.View);
                    if (collection.IsClustered && IndexSpecs.Clustered(collection.Options) is { } key)
                    {
                        collection.Indexes[0] = key;
                    }

                    if (after is { } seconds)
                    {
                        collection.Indexes[index] = WithExpiry(collection.Indexes[index], seconds);
                    }
                }
            );
            CatalogueWriter.Command(
                engine,
                collection.Database,
                collection.Uuid,
                Logged(context, collection, index, after),
                Old(engine, collection, options, index, before)
            );
            return context.Reply(w =>
            {
                if (after is { } now)
                {
                    w.Int64("expireAfterSeconds_old"u8, before ?? 0).Int64("expireAfterSeconds_new"u8, now);
                }
            });
        }
    }

    /// <exception cref="CommandFault">The collection cannot have an expiry of its own, or it is none.</exception>
    private static void CheckExpiry(CommandContext context, SandboxCollection collection)
    {
        if (!context.View.TryGet("expireAfterSeconds"u8, out var expiry))
        {
            return;
        }

        if (context.Engine.Profile == WireProfile.V42)
        {
            throw new CommandFault(
                40415,
                "Location40415",
                "BSON field 'collMod.expireAfterSeconds' is an unknown field."
            );
        }

        if (!collection.IsClustered)
        {
            throw CommandFault.InvalidOptions(
                "'expireAfterSeconds' is only supported for clustered and time-series collections"
            );
        }

        if (!expiry.IsNumber && !(expiry.Type == BsonType.String && expiry.AsString == "off"))
        {
            throw CommandFault.InvalidOptions("Invalid string value for the 'expireAfterSeconds' option");
        }
    }

    /// <summary>With the expiry at the place that a server gives it: <c>timeseries</c> alone comes behind.</summary>
    private static BsonDocument Expiring(BsonDocument options, BsonView change)
    {
        if (!change.TryGet("expireAfterSeconds"u8, out var given))
        {
            return options;
        }

        long? seconds = given.IsNumber ? given.ToInt64() : null;
        return BsonDocument.Build(w =>
        {
            foreach (var option in options.View)
            {
                if (option.NameIs("timeseries"u8))
                {
                    Write(w);
                }

                if (!option.NameIs("expireAfterSeconds"u8))
                {
                    w.Element(option);
                }
            }

            if (!options.View.Has("timeseries"u8))
            {
                Write(w);
            }
        });

        void Write(BsonWriter w)
        {
            if (seconds is { } known)
            {
                w.Int64("expireAfterSeconds"u8, known);
            }
        }
    }

    private static void ModifyView(CommandContext context, SandboxCollection view)
    {
        foreach (var field in context.View)
        {
            if (Validation.Contains(field.NameText) || field.NameIs("index"u8))
            {
                throw CommandFault.InvalidOptions($"option not supported on a view: {field.NameText}");
            }
        }

        var given = context.View;
        var on = given.TryGet("viewOn"u8, out var name) ? name.AsString : view.Options.View["viewOn"u8].AsString;
        var pipeline = (
            given.TryGet("pipeline"u8, out var stages) ? stages : view.Options.View["pipeline"u8]
        ).AsDocument.ToDocument();
        context.Engine.Redefine(
            view,
            () => view.Options = BsonDocument.Build(w => w.String("viewOn"u8, on).Array("pipeline"u8, pipeline.Span))
        );
        var views = context.Engine.Find($"{view.Database}.system.views")!;
        var definition = BsonDocument.Build(w =>
        {
            w.String("_id"u8, view.Namespace);
            CatalogueWriter.Elements(w, view.Options);
        });
        context.Engine.Update(views, views.Find(new Record(definition, 0))!, definition, definition, origin: null);
    }

    private static int IndexOf(SandboxCollection collection, BsonDocument change)
    {
        if (!change.View.Has("expireAfterSeconds"u8))
        {
            throw CommandFault.InvalidOptions("no expireAfterSeconds field");
        }

        var byName = change.View.TryGet("name"u8, out var name) ? name.AsString : null;
        var key = change.View.TryGet("keyPattern"u8, out var pattern)
            ? pattern.AsDocument.ToDocument()
            : BsonDocument.Empty;
        var index = collection.Indexes.FindIndex(spec =>
            byName is null ? spec.View["key"u8].AsDocument.ToDocument() == key : IndexSpecs.Name(spec) == byName
        );
        return index >= 0
            ? index
            : throw CommandFault.IndexNotFound(
                $"cannot find index {byName ?? ExtendedJson.ToText(key.View)} for ns {collection.Namespace}"
            );
    }

    /// <summary>A server writes down level and action with the validator, the defaults too.</summary>
    private static BsonDocument Validated(BsonDocument options, BsonView change)
    {
        if (!change.Has("validator"u8) && !change.Has("validationLevel"u8) && !change.Has("validationAction"u8))
        {
            return options;
        }

        var changed = change.Bytes.ToArray();
        return BsonDocument.Build(w =>
        {
            var given = new BsonView(changed);
            var isWritten = false;
            foreach (var option in options.View)
            {
                if (Validation.Contains(option.NameText))
                {
                    continue;
                }

                if (option.NameIs("collation"u8))
                {
                    WriteValidation(w, options.View, given);
                    isWritten = true;
                }

                w.Element(option);
            }

            if (!isWritten)
            {
                WriteValidation(w, options.View, given);
            }
        });
    }

    private static void WriteValidation(BsonWriter w, BsonView options, BsonView change)
    {
        var hasNew = change.TryGet("validator"u8, out var validator);
        if ((hasNew || options.TryGet("validator"u8, out validator)) && !validator.AsDocument.IsEmpty)
        {
            w.Element(validator);
        }

        foreach (var (name, otherwise) in new[] { ("validationLevel", "strict"), ("validationAction", "error") })
        {
            var utf8 = System.Text.Encoding.UTF8.GetBytes(name);
            var value =
                change.TryGet(utf8, out var given) ? given.AsString
                : options.TryGet(utf8, out var known) ? known.AsString
                : otherwise;
            w.String(utf8, value);
        }
    }

    private static BsonDocument WithExpiry(BsonDocument index, long seconds) =>
        BsonDocument.Build(w =>
        {
            CatalogueWriter.Elements(w, IndexSpecs.Without(index, "expireAfterSeconds"));
            w.Int64("expireAfterSeconds"u8, seconds);
        });

    private static BsonDocument Logged(
        CommandContext context,
        SandboxCollection collection,
        int index,
        long? seconds
    ) =>
        BsonDocument.Build(w =>
        {
            foreach (var field in context.View)
            {
                if (field.NameIs("index"u8))
                {
                    w.BeginDocument("index"u8).String("name"u8, IndexSpecs.Name(collection.Indexes[index]));
                    w.Int64("expireAfterSeconds"u8, seconds!.Value).EndDocument();
                }
                else if (field.NameIs("collMod"u8))
                {
                    w.String("collMod"u8, collection.Name);
                }
                else if (field.NameIs("expireAfterSeconds"u8) || Validation.Contains(field.NameText))
                {
                    w.Element(field);
                }
            }
        });

    private static BsonDocument Old(
        Engine engine,
        SandboxCollection collection,
        BsonDocument options,
        int index,
        long? expiry
    ) =>
        BsonDocument.Build(w =>
        {
            w.BeginDocument("collectionOptions_old"u8).Uuid("uuid"u8, collection.Uuid);
            CatalogueWriter.Elements(w, options);
            w.EndDocument();
            if (index < 0 || expiry is not { } seconds)
            {
                return;
            }

            if (engine.Profile == WireProfile.V42)
            {
                w.Int64("expireAfterSeconds_old"u8, seconds);
            }
            else
            {
                w.BeginDocument("indexOptions_old"u8).Int64("expireAfterSeconds"u8, seconds).EndDocument();
            }
        });
}

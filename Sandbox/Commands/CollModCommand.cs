using Backup.MongoWire.Bson;
using Backup.Sandbox.Storage;

namespace Backup.Sandbox.Commands;

/// <summary>collMod: the validator's options, an index's expiry, a view's definition.</summary>
internal static class CollModCommand
{
    private static readonly string[] Validation = ["validator", "validationLevel", "validationAction"];

    public static BsonDocument Run(CommandContext context)
    {
        var engine = context.Engine;
        lock (engine.Gate)
        {
            var collection = context.Collection ?? throw CommandFault.NamespaceNotFound("ns does not exist");
            if (Namespaces.IsView(collection))
            {
                ModifyView(context, collection);
                return context.Reply(static _ => { });
            }

            engine.Transactions.CheckFree(collection);
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
                    collection.Options = Validated(options, context.View);
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
                else if (field.NameIs("collMod"u8) || Validation.Contains(field.NameText))
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

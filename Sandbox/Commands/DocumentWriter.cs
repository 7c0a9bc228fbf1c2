using Backup.Foundation;
using Backup.MongoQuery.Filters;
using Backup.MongoWire.Bson;
using Backup.Sandbox.Query;
using Backup.Sandbox.Sharding.Shards;
using Backup.Sandbox.Storage;
using Backup.Sandbox.Transactions;
using Backup.Sandbox.Updates;
using Backup.Sandbox.Values;

namespace Backup.Sandbox.Commands;

/// <summary>What an update statement has done.</summary>
/// <param name="UpsertedId">Wrapped; null where nothing was inserted.</param>
/// <param name="Before">The document as it was, of the last one matched.</param>
/// <param name="After">The document as it is now.</param>
internal readonly record struct UpdateResult(
    int Matched,
    int Modified,
    BsonDocument? UpsertedId,
    BsonDocument? Before,
    BsonDocument? After
);

/// <summary>Which collection a command writes to, and how.</summary>
/// <param name="Sink">The engine, or the transaction that the command is a part of.</param>
internal sealed record WriteTarget(Engine Engine, IDocumentSink Sink, string Database, string Name)
{
    /// <summary>Of a retryable write; null: none.</summary>
    public LogicalSession? Session { get; init; }

    /// <summary>What the shard owns of the collection, where a router writes to it.</summary>
    public OwnedCollection? Owned { get; init; }

    public SandboxCollection? Collection =>
        Engine.Find($"{Database}.{Name}") is { } found ? (Sink as OpenTransaction)?.View(found) ?? found : null;

    /// <summary>Under the engine's lock.</summary>
    public static WriteTarget Of(CommandContext context)
    {
        var known = context.Collection;
        LogicalSession? session = null;
        if (
            context.Transaction is null
            && context.Document("lsid"u8) is { } lsid
            && context.View.TryGet("txnNumber"u8, out var number)
        )
        {
            session = context.Engine.Sessions.Of(Sessions.Identify(lsid, context.UserDigest));
            session.Begin(context.Engine, number.ToInt64());
        }

        return new WriteTarget(
            context.Engine,
            (IDocumentSink?)context.Transaction ?? context.Engine,
            known?.Database ?? context.Database,
            known?.Name ?? context.CollectionName
        )
        {
            Session = session,
            Owned = context.Owned,
        };
    }
}

/// <summary>Which document a findAndModify answers, and so keeps for the case that it is sent again.</summary>
internal enum FindImage
{
    None,
    Before,
    After,
}

/// <summary>Writes documents for one command. Under the engine's lock.</summary>
internal sealed class DocumentWriter(WriteTarget target)
{
    private const int MaxDocument = 16 << 20;

    /// <summary>For findAndModify: which document it answers.</summary>
    public FindImage Image { get; init; }

    public SandboxCollection CollectionForWrite()
    {
        var collection = target.Collection;
        if (collection is null)
        {
            Namespaces.Check(target.Database, target.Name);
            return target.Sink.Create(target.Database, target.Name);
        }

        return Namespaces.IsView(collection)
            ? throw new CommandFault(
                166,
                "CommandNotSupportedOnView",
                $"Namespace {collection.Namespace} is a view, not a collection"
            )
            : collection;
    }

    public Record Insert(SandboxCollection collection, BsonDocument document, int statement)
    {
        var whole = WriteCommands.WithId(document);
        CheckSize(whole);
        CheckId(whole);
        Wrote(target.Sink.Insert(collection, whole, Origin(statement)), statement);
        return new Record(whole, 0);
    }

    public int Delete(BsonDocument query, bool one, int statement, Action<BsonDocument>? deleted = null)
    {
        if (target.Collection is not { } collection)
        {
            return 0;
        }

        var found = Candidates(collection, query, one ? 1 : int.MaxValue, null);
        foreach (var record in found)
        {
            Wrote(
                target.Sink.Delete(collection, record, one ? WithImage(collection, record.Document, statement) : null),
                one ? statement : null
            );
            deleted?.Invoke(record.Document);
        }

        return found.Count;
    }

    public UpdateResult Update(UpdateRequest request, int statement, BsonDocument? sort = null)
    {
        if (request.IsReplacement && request.Multi)
        {
            throw CommandFault.FailedToParse("multi update is not supported for replacement-style update");
        }

        var collection = target.Collection;
        var found = collection is null
            ? []
            : Candidates(collection, request.Query, request.Multi ? int.MaxValue : 1, sort);
        if (found.Count == 0)
        {
            return request.Upsert ? Upsert(request, statement) : default;
        }

        var modified = 0;
        BsonDocument? before = null;
        BsonDocument? after = null;
        foreach (var record in found)
        {
            before = record.Document;
            after = One(collection!, request, record, statement);
            modified += after == before ? 0 : 1;
        }

        return new UpdateResult(found.Count, modified, null, before, after);
    }

    private BsonDocument One(SandboxCollection collection, UpdateRequest request, Record record, int statement)
    {
        BsonDocument after;
        BsonDocument o;
        if (request.IsReplacement)
        {
            after = o = Replacement(request.Change, record);
        }
        else
        {
            var details = new MatchDetails();
            Filter.Parse(request.Query).Matches(record.Document.View, details);
            var root = Node.Of(record.Document);
            var log = Apply(request, root, isInsert: false, details.ArrayIndex);
            if (log.IsEmpty)
            {
                return record.Document;
            }

            after = root.ToDocument();
            o = target.Engine.Profile == WireProfile.V42 ? log.ToModifiers() : log.ToDiff();
        }

        if (after == record.Document)
        {
            return after;
        }

        CheckSize(after);
        CheckShardKey(record.Document, after);
        var image = Image == FindImage.After ? after : record.Document;
        Wrote(
            target.Sink.Update(
                collection,
                record,
                after,
                o,
                request.Multi ? null : WithImage(collection, image, statement)
            ),
            request.Multi ? null : statement
        );
        return after;
    }

    private UpdateResult Upsert(UpdateRequest request, int statement)
    {
        BsonDocument document;
        if (request.IsReplacement)
        {
            var id = request.Seed().Find("_id");
            document =
                id is null || request.Change.View.Has("_id"u8)
                    ? request.Change
                    : BsonDocument.Build(w =>
                    {
                        id.Write(w, "_id"u8);
                        foreach (var field in request.Change.View)
                        {
                            w.Element(field);
                        }
                    });
        }
        else
        {
            var root = request.Seed();
            Apply(request, root, isInsert: true, null);
            document = root.ToDocument();
        }

        var record = Insert(CollectionForWrite(), document, statement);
        var inserted = record.Document;
        return new UpdateResult(0, 0, Backup.MongoQuery.Values.Wrap(inserted.View["_id"u8]), null, inserted);
    }

    private ChangeLog Apply(UpdateRequest request, Node root, bool isInsert, int? matched)
    {
        var wantsTimestamp = request.Change.View.Has("$currentDate"u8);
        var stamp = new UpdateContext(
            target.Engine.NowMilliseconds,
            wantsTimestamp ? target.Engine.NextTimestamp() : 0,
            isInsert,
            matched
        );
        return new Updater(UpdateTree.Parse(request.Change.View), request.ArrayFilters).Apply(root, stamp);
    }

    private static BsonDocument Replacement(BsonDocument change, Record record)
    {
        if (change.View.TryGet("_id"u8, out var id) && BsonOrder.CompareValues(id, record.Document.View["_id"u8]) != 0)
        {
            throw new CommandFault(
                66,
                "ImmutableField",
                "After applying the update, the (immutable) field '_id' was found to have been altered"
            );
        }

        using var writer = new BsonWriter(change.Length + 64);
        writer.BeginDocument().Element(record.Document.View["_id"u8]);
        foreach (var field in change.View)
        {
            if (!field.NameIs("_id"u8))
            {
                writer.Element(field);
            }
        }

        writer.EndDocument();
        return writer.ToDocument();
    }

    /// <summary>The records that a statement is about, decided before anything is changed.</summary>
    private List<Record> Candidates(SandboxCollection collection, BsonDocument query, int limit, BsonDocument? sort)
    {
        var filter = Filter.Parse(query);
        List<Record> found =
        [
            .. Planner
                .Plan(target.Engine, collection, collection.Namespace, query, new PlanWishes { Sort = sort })
                .Rest()
                .Where(document => filter.Matches(document.View))
                .Take(limit)
                .Select(document => collection.Find(Record.Probe(document.View["_id"u8]))!),
        ];
        target.Sink.CheckFree(collection, found);
        return found;
    }

    private WriteOrigin? Origin(int statement) =>
        target.Session is { } session ? new WriteOrigin(session.Lsid, session.Number, statement, session.Last) : null;

    /// <summary>A findAndModify that may be sent again logs the document that it answers, in an entry of its own before the change.</summary>
    private WriteOrigin? WithImage(SandboxCollection collection, BsonDocument image, int statement)
    {
        var origin = Origin(statement);
        if (origin is null || Image == FindImage.None)
        {
            return origin;
        }

        var noop = new OplogEntry("n", collection.Namespace, collection.Uuid, image) { Origin = origin };
        return origin with { Image = (Image == FindImage.Before, target.Engine.Log(noop)) };
    }

    private void Wrote(Optime at, int? statement)
    {
        if (target.Session is { } session && statement is not null)
        {
            session.Last = at;
            target.Engine.Sessions.Write(session.Lsid, session.Number, at);
        }
    }

    /// <summary>A document's shard key changes only where that could be sent again, and in the sandbox only within the shard.</summary>
    private void CheckShardKey(BsonDocument before, BsonDocument after)
    {
        if (target.Owned is not { } owned || owned.Key.Of(before) == owned.Key.Of(after))
        {
            return;
        }

        if (target.Session is null && target.Sink is not OpenTransaction)
        {
            throw CommandFault.IllegalOperation(
                "Must run update to shard key field in a multi-statement transaction or with retryWrites: true."
            );
        }

        if (!owned.Owns(after))
        {
            throw CommandFault.IllegalOperation("The sandbox does not move documents to other shards by updates.");
        }
    }

    private static void CheckSize(BsonDocument document)
    {
        if (document.Length > MaxDocument)
        {
            throw CommandFault.TooLarge(document.Length);
        }
    }

    private static void CheckId(BsonDocument document)
    {
        if (document.View["_id"u8].Type is BsonType.Array or BsonType.RegularExpression or BsonType.Undefined)
        {
            throw new CommandFault(53, "InvalidIdField", "The '_id' value cannot be an array, a regex or undefined");
        }
    }
}

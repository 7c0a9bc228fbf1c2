using Backup.MongoQuery;
using Backup.MongoQuery.Projections;
using Backup.MongoWire.Bson;
using Backup.Sandbox.Query;
using Backup.Sandbox.Sharding.Shards;
using Backup.Sandbox.Storage;

namespace Backup.Sandbox.Commands;

/// <summary>find, getMore, killCursors, count, distinct.</summary>
internal static class ReadCommands
{
    private const int FirstBatch = 101;

    public static async ValueTask<BsonDocument> FindAsync(CommandContext context, CancellationToken cancellation)
    {
        var cursor = Open(context);
        if (cursor is { AwaitData: true, IsTailable: true })
        {
            await Task.CompletedTask.WaitAsync(cancellation);
        }

        var batch = context.Number("batchSize"u8, FirstBatch);
        return Batch(context, cursor, "firstBatch", batch, context.Flag("singleBatch"u8), out _);
    }

    public static async ValueTask<BsonDocument> GetMoreAsync(CommandContext context, CancellationToken cancellation)
    {
        var cursor = context.Member.Cursors.Get(context.View.First.ToInt64());
        var batch = context.Number("batchSize"u8, long.MaxValue);
        batch = batch == 0 ? long.MaxValue : batch;
        var wait = TimeSpan.FromMilliseconds(context.Number("maxTimeMS"u8, 1000));
        var deadline = context.Member.Time.GetUtcNow() + wait;
        while (true)
        {
            var changed = context.Engine.Oplog.Changed;
            var reply = Batch(context, cursor, "nextBatch", batch, single: false, out var count);
            var left = deadline - context.Member.Time.GetUtcNow();
            if (count > 0 || !cursor.AwaitData || left <= TimeSpan.Zero)
            {
                return reply;
            }

            try
            {
                await changed.WaitAsync(left, context.Member.Time, cancellation);
            }
            catch (TimeoutException)
            {
                // Nothing came: the empty batch is the answer.
            }
        }
    }

    public static BsonDocument KillCursors(CommandContext context)
    {
        var killed = new List<long>();
        var unknown = new List<long>();
        foreach (var id in context.View["cursors"u8].AsDocument)
        {
            (context.Member.Cursors.Remove(id.ToInt64()) ? killed : unknown).Add(id.ToInt64());
        }

        return context.Reply(w =>
        {
            Ids(w, "cursorsKilled"u8, killed);
            Ids(w, "cursorsNotFound"u8, unknown);
            Ids(w, "cursorsAlive"u8, []);
            Ids(w, "cursorsUnknown"u8, []);
        });
    }

    public static BsonDocument Count(CommandContext context)
    {
        long count = 0;
        lock (context.Engine.Gate)
        {
            var filter = context.Document("query"u8) ?? BsonDocument.Empty;
            var collection = context.Collection;
            count =
                filter.View.IsEmpty && collection is not null && !Namespaces.IsView(collection)
                    ? collection.Count
                    : Matching(context, filter).LongCount();
        }

        count = Math.Max(0, count - context.Number("skip"u8, 0));
        var limit = Math.Abs(context.Number("limit"u8, 0));
        count = limit > 0 ? Math.Min(limit, count) : count;
        return context.Reply(w => w.Int32("n"u8, (int)count));
    }

    public static BsonDocument Distinct(CommandContext context)
    {
        var found = new DistinctValues(context.View["key"u8].AsUtf8);
        lock (context.Engine.Gate)
        {
            // As in 4.2: a distinct shows orphans.
            var query = context.Document("query"u8) ?? BsonDocument.Empty;
            foreach (var document in Matching(context, query, seesOrphans: true))
            {
                found.Add(document.View);
            }
        }

        return context.Reply(w =>
        {
            w.BeginArray("values"u8);
            found.Write(w);
            w.EndArray();
        });
    }

    /// <summary>All documents that match, of a collection, a view or the oplog. Under the engine's lock.</summary>
    /// <param name="seesOrphans">Whether, on a shard, documents of chunks that others own are found, too.</param>
    public static IEnumerable<BsonDocument> Matching(
        CommandContext context,
        BsonDocument query,
        bool seesOrphans = false
    )
    {
        var filter = OwnedFilter.Of(context, query, seesOrphans);
        return Planner
            .Plan(
                context.Engine,
                context.Collection,
                NameOf(context),
                query,
                new PlanWishes { Majority = context.WantsMajority }
            )
            .Rest()
            .Where(document => filter.Matches(document.View));
    }

    /// <summary>A reply with a cursor's next batch; the cursor is kept while it has more to give.</summary>
    public static BsonDocument Batch(
        CommandContext context,
        Cursor cursor,
        string name,
        long size,
        bool single,
        out int count
    )
    {
        using var writer = new BsonWriter(64 << 10);
        writer.BeginDocument().BeginDocument("cursor"u8).BeginArray(System.Text.Encoding.UTF8.GetBytes(name));
        try
        {
            lock (context.Engine.Gate)
            {
                count = cursor.Fill(writer, size);
            }
        }
        catch
        {
            context.Member.Cursors.Remove(cursor.Id);
            throw;
        }

        var open = !cursor.IsDone && !single;
        writer.EndArray().Int64("id"u8, open ? cursor.Id : 0).String("ns"u8, cursor.Namespace).EndDocument();
        writer.Double("ok"u8, 1);
        context.Times(writer);
        writer.EndDocument();
        if (open)
        {
            context.Member.Cursors.Keep(cursor);
        }
        else
        {
            context.Member.Cursors.Remove(cursor.Id);
        }

        return writer.ToDocument();
    }

    private static string NameOf(CommandContext context) =>
        context.View.First.Type == BsonType.Binary ? "" : context.Namespace;

    private static Cursor Open(CommandContext context)
    {
        var query = context.Document("filter"u8) ?? BsonDocument.Empty;
        var projection = Projection.Parse(context.Document("projection"u8));
        var sort = context.Document("sort"u8);
        var wishes = new PlanWishes
        {
            Sort = sort,
            HintNatural = context.Document("hint"u8) is { } hint && hint.View.Has("$natural"u8),
            Backwards = sort is { } order && order.View.TryGet("$natural"u8, out var n) && n.ToDouble() < 0,
            Min = context.Document("min"u8),
            Max = context.Document("max"u8),
            Majority = context.WantsMajority && context.Transaction is null,
        };
        lock (context.Engine.Gate)
        {
            var collection = context.Collection;
            var scan = Planner.Plan(context.Engine, collection, NameOf(context), query, wishes);
            var limit = context.Number("limit"u8, 0);
            var tailable = context.Flag("tailable"u8);
            if (tailable && scan is not (CappedScan or OplogScan))
            {
                throw CommandFault.BadValue(
                    $"error processing query: ns={NameOf(context)} tailable cursor requested on non capped collection"
                );
            }

            return new Cursor(
                collection?.Namespace ?? NameOf(context),
                scan,
                OwnedFilter.Of(context, query),
                projection
            )
            {
                Owned = context.Owned,
                ConnectionId = context.Request.Connection.Id,
                Skip = context.Number("skip"u8, 0),
                Remaining = limit == 0 ? long.MaxValue : Math.Abs(limit),
                IsTailable = tailable,
                AwaitData = context.Flag("awaitData"u8),
                NoTimeout = context.Flag("noCursorTimeout"u8),
            };
        }
    }

    private static void Ids(BsonWriter writer, ReadOnlySpan<byte> name, List<long> ids)
    {
        Span<byte> scratch = stackalloc byte[11];
        writer.BeginArray(name);
        foreach (var id in ids)
        {
            writer.Int64(writer.ArrayItemName(scratch), id);
        }

        writer.EndArray();
    }
}

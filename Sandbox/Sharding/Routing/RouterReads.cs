using Backup.MongoQuery;
using Backup.MongoQuery.Projections;
using Backup.MongoQuery.Sorting;
using Backup.MongoWire.Bson;
using Backup.Sandbox.Sharding.Catalogue;

namespace Backup.Sandbox.Sharding.Routing;

/// <summary>find, getMore, killCursors, count, distinct, aggregate through a router.</summary>
internal static class RouterReads
{
    private const int FirstBatch = 101;

    public static Task<BsonDocument> FindAsync(RouterContext context) =>
        ShardCalls.RoutedAsync(
            context,
            async () =>
            {
                var sort = context.Document("sort"u8);
                var cursor = await OpenAsync(
                    context,
                    context.Document("filter"u8) ?? BsonDocument.Empty,
                    context.Request.Command,
                    sort is { } given && !given.View.IsEmpty && !given.View.First.NameIs("$natural"u8) ? given : null
                );
                var size = context.Number("batchSize"u8, FirstBatch);
                return await BatchAsync(context, cursor, "firstBatch", size, context.Flag("singleBatch"u8));
            }
        );

    public static Task<BsonDocument> MoreAsync(RouterContext context)
    {
        var cursor = context.Router.Cursors.Get(context.View.First.ToInt64());
        var size = context.Number("batchSize"u8, 0);
        return BatchAsync(context, cursor, "nextBatch", size == 0 ? long.MaxValue : size, single: false);
    }

    public static BsonDocument KillCursors(RouterContext context)
    {
        var (killed, unknown) = (new List<long>(), new List<long>());
        foreach (var id in context.View["cursors"u8].AsDocument)
        {
            (context.Router.Cursors.Remove(id.ToInt64()) ? killed : unknown).Add(id.ToInt64());
        }

        return context.Reply(w =>
        {
            Ids(w, "cursorsKilled"u8, killed);
            Ids(w, "cursorsNotFound"u8, unknown);
            Ids(w, "cursorsAlive"u8, []);
            Ids(w, "cursorsUnknown"u8, []);
        });
    }

    public static Task<BsonDocument> CountAsync(RouterContext context) =>
        ShardCalls.RoutedAsync(
            context,
            async () =>
            {
                var (collection, shards) = Target(context, context.Document("query"u8) ?? BsonDocument.Empty);
                if (shards.Count == 0)
                {
                    var counted = await ConfigAsync(context);
                    return context.Pass(counted);
                }

                var command = Without(context.Request.Command, "skip", "limit");
                var counts = new List<(string Shard, long N)>();
                foreach (var shard in shards)
                {
                    var reply = await AskAsync(context, shard, command, collection);
                    counts.Add((shard, reply.View["n"u8].ToInt64()));
                }

                var n = Math.Max(0, counts.Sum(static one => one.N) - context.Number("skip"u8, 0));
                var limit = Math.Abs(context.Number("limit"u8, 0));
                n = limit > 0 ? Math.Min(limit, n) : n;
                return context.Reply(w =>
                {
                    w.BeginDocument("shards"u8);
                    counts.ForEach(one => w.Int32(System.Text.Encoding.UTF8.GetBytes(one.Shard), (int)one.N));
                    w.EndDocument().Int32("n"u8, (int)n);
                });
            }
        );

    public static Task<BsonDocument> DistinctAsync(RouterContext context) =>
        ShardCalls.RoutedAsync(
            context,
            async () =>
            {
                var (collection, shards) = Target(context, context.Document("query"u8) ?? BsonDocument.Empty);
                if (shards.Count == 0)
                {
                    return context.Pass(await ConfigAsync(context));
                }

                var found = new SortedSet<BsonDocument>(BsonOrder.Documents);
                foreach (var shard in shards)
                {
                    var reply = await AskAsync(context, shard, context.Request.Command, collection);
                    foreach (var value in reply.View["values"u8].AsDocument)
                    {
                        found.Add(Backup.MongoQuery.Values.Wrap(value));
                    }
                }

                return context.Reply(w =>
                {
                    Span<byte> scratch = stackalloc byte[11];
                    w.BeginArray("values"u8);
                    foreach (var value in found)
                    {
                        w.Element(w.ArrayItemName(scratch), value.View.First);
                    }

                    w.EndArray();
                });
            }
        );

    /// <summary>The router runs the stages itself, on what the shards find for a <c>$match</c> at their head.</summary>
    public static Task<BsonDocument> AggregateAsync(RouterContext context) =>
        ShardCalls.RoutedAsync(
            context,
            async () =>
            {
                var stages = context.View["pipeline"u8].AsDocument.ToDocument();
                var filter = Head(stages);
                var cursor = !IsSharded(context)
                    ? await OpenAsync(context, BsonDocument.Empty, context.Request.Command, null)
                    : await OpenAsync(context, filter, Find(context, filter), null);
                var documents = await cursor.RestAsync(context);
                var result = !IsSharded(context) ? documents : [.. Pipeline.Run(documents, stages)];
                var size =
                    context.Document("cursor"u8) is { } options && options.View.TryGet("batchSize"u8, out var batch)
                        ? batch.ToInt64()
                        : FirstBatch;
                var reply = BsonDocument.Build(w => WriteBatch(w, result));
                var own = new RouterCursor(context.Namespace, [new ShardCursor("", null!, reply)], order: null)
                {
                    ConnectionId = context.Request.Connection.Id,
                };
                return await BatchAsync(context, own, "firstBatch", size, single: false);
            }
        );

    /// <summary>A reply with a cursor's next batch; the cursor is kept while it has more to give.</summary>
    public static async Task<BsonDocument> BatchAsync(
        RouterContext context,
        RouterCursor cursor,
        string name,
        long size,
        bool single
    )
    {
        using var writer = new BsonWriter(64 << 10);
        writer.BeginDocument().BeginDocument("cursor"u8).BeginArray(System.Text.Encoding.UTF8.GetBytes(name));
        try
        {
            await cursor.FillAsync(context, writer, size);
        }
        catch
        {
            context.Router.Cursors.Remove(cursor.Id);
            throw;
        }

        var isOpen = !cursor.IsDone && !single;
        writer.EndArray().Int64("id"u8, isOpen ? cursor.Id : 0).String("ns"u8, cursor.Namespace).EndDocument();
        writer.Double("ok"u8, 1);
        context.Ends(writer);
        writer.EndDocument();
        if (isOpen)
        {
            context.Router.Cursors.Keep(cursor);
        }
        else
        {
            cursor.Close();
            context.Router.Cursors.Remove(cursor.Id);
        }

        return writer.ToDocument();
    }

    /// <summary>The shards that may have what a query finds, and what is known of the collection; no shard: the config servers have it.</summary>
    public static (ShardedCollection? Collection, IReadOnlyList<string> Shards) Target(
        RouterContext context,
        BsonDocument query
    )
    {
        if (context.Database is "config" or "admin")
        {
            return (null, []);
        }

        var catalogue = context.Catalogue;
        if (catalogue.Collection(context.Namespace) is { } collection)
        {
            return (collection, [.. collection.ShardsOf(query)]);
        }

        // Where there is no such database any shard says that it has nothing.
        var shard =
            catalogue.Database(context.Database)?.Primary
            ?? catalogue.Shards.FirstOrDefault()?.Name
            ?? throw new CommandFault(70, "ShardNotFound", "No shards found");
        return (null, [shard]);
    }

    private static async Task<RouterCursor> OpenAsync(
        RouterContext context,
        BsonDocument query,
        BsonDocument command,
        BsonDocument? sort
    )
    {
        var (collection, shards) = Target(context, query);
        var opened = new List<ShardCursor>();
        if (shards.Count == 0)
        {
            var (reply, member) = await context.Router.AskConfigAsync(context, command);
            opened.Add(new ShardCursor("", member, reply));
            return Cursor(context, opened, null);
        }

        var isMerged = shards.Count > 1;
        var limit = Math.Abs(context.Number("limit"u8, 0));
        var skip = context.Number("skip"u8, 0);
        var sent = isMerged ? Merged(command, limit, skip, sort is not null) : command;
        foreach (var shard in shards)
        {
            var (reply, member) = await context.Router.Calls.AskAsync(
                context,
                shard,
                sent,
                KnownAs.Version,
                collection
            );
            opened.Add(new ShardCursor(shard, member, reply));
        }

        var cursor = Cursor(context, opened, isMerged && sort is { } order ? new SortOrder(order) : null);
        if (!isMerged || context.View.First.NameText != "find")
        {
            return cursor;
        }

        cursor.Skip = skip;
        cursor.Remaining = limit == 0 ? long.MaxValue : limit;
        return cursor;

        RouterCursor Cursor(RouterContext of, List<ShardCursor> on, SortOrder? by) =>
            new(of.Namespace, on, by)
            {
                ConnectionId = of.Request.Connection.Id,
                IsTailable = of.Flag("tailable"u8),
                Projection = by is null ? null : Projection.Parse(of.Document("projection"u8)),
            };
    }

    /// <summary>What each of several shards is asked: from the start on, and with the fields that the order needs.</summary>
    private static BsonDocument Merged(BsonDocument command, long limit, long skip, bool isSorted)
    {
        var sent = isSorted
            ? Without(command, "skip", "limit", "singleBatch", "projection")
            : Without(command, "skip", "limit", "singleBatch");
        return limit == 0
            ? sent
            : BsonDocument.Build(w =>
            {
                foreach (var field in sent.View)
                {
                    w.Element(field);
                }

                w.Int64("limit"u8, limit + skip);
            });
    }

    private static async Task<BsonDocument> ConfigAsync(RouterContext context) =>
        (await context.Router.AskConfigAsync(context, context.Request.Command)).Reply;

    private static Task<BsonDocument> AskAsync(
        RouterContext context,
        string shard,
        BsonDocument command,
        ShardedCollection? collection
    ) => context.Router.Calls.RunAsync(context, shard, command, KnownAs.Version, collection);

    private static bool IsSharded(RouterContext context) => context.Catalogue.Collection(context.Namespace) is not null;

    private static BsonDocument Find(RouterContext context, BsonDocument filter) =>
        BsonDocument.Build(w => w.String("find"u8, context.CollectionName).Document("filter"u8, filter));

    private static BsonDocument Head(BsonDocument stages) =>
        !stages.View.IsEmpty && stages.View.First.AsDocument.TryGet("$match"u8, out var match)
            ? match.AsDocument.ToDocument()
            : BsonDocument.Empty;

    private static BsonDocument Without(BsonDocument command, params string[] fields) =>
        BsonDocument.Build(w =>
        {
            foreach (var field in command.View)
            {
                if (!fields.Contains(field.NameText))
                {
                    w.Element(field);
                }
            }
        });

    private static void WriteBatch(BsonWriter w, IReadOnlyList<BsonDocument> documents)
    {
        Span<byte> scratch = stackalloc byte[11];
        w.BeginDocument("cursor"u8).Int64("id"u8, 0).BeginArray("firstBatch"u8);
        foreach (var document in documents)
        {
            w.Document(w.ArrayItemName(scratch), document);
        }

        w.EndArray().EndDocument();
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

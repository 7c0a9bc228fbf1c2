using Backup.MongoQuery;
using Backup.MongoQuery.Spilling;
using Backup.MongoWire.Bson;
using Backup.Snapshots.Exports;

namespace Backup.Daemon.Serving;

/// <summary>find, getMore, killCursors, count, distinct, aggregate, explain.</summary>
internal sealed class ReadCommands(
    ServedMoment moment,
    ServeReader reader,
    ServedCursors cursors,
    CollectionStatistics statistics,
    ServeOptions options,
    SpillSpace? spill
)
{
    private const int FirstBatch = 101;

    private readonly QueryPlanner _planner = new(moment, options, spill);

    internal async ValueTask<BsonDocument> FindAsync(ServeRequest request)
    {
        var (query, arguments) = (Found(request.Database, request.Arguments), request.Arguments);
        return await reader.BatchAsync(
            reader.Cursor($"{request.Database}.{arguments.Collection}", query),
            "firstBatch",
            arguments.Whole("batchSize", FirstBatch),
            arguments.Flag("singleBatch"),
            request.Cancellation
        );
    }

    internal async ValueTask<BsonDocument> GetMoreAsync(ServeRequest request)
    {
        var arguments = request.Arguments.Only("collection", "batchSize");
        if (!request.View.First.IsNumber)
        {
            throw ServeFaults.Failed(14, "TypeMismatch", "getMore needs the cursor's id");
        }

        if (!request.View.TryGet("collection"u8, out var name) || name.Type != BsonType.String)
        {
            throw ServeFaults.Failed(14, "TypeMismatch", "getMore needs the collection's name");
        }

        var cursor = cursors.Get(request.View.First.ToInt64(), $"{request.Database}.{name.AsString}");
        var size = arguments.Whole("batchSize", 0);
        return await reader.BatchAsync(
            cursor,
            "nextBatch",
            size == 0 ? long.MaxValue : size,
            single: false,
            request.Cancellation
        );
    }

    internal async ValueTask<BsonDocument> KillCursorsAsync(ServeRequest request)
    {
        var (killed, unknown) = (new List<long>(), new List<long>());
        foreach (var id in Ids(request))
        {
            (await cursors.RemoveAsync(id) ? killed : unknown).Add(id);
        }

        return await ServerCommands.Reply(w =>
        {
            Write(w, "cursorsKilled"u8, killed);
            Write(w, "cursorsNotFound"u8, unknown);
            Write(w, "cursorsAlive"u8, []);
            Write(w, "cursorsUnknown"u8, []);
        });
    }

    internal async ValueTask<BsonDocument> CountAsync(ServeRequest request)
    {
        var arguments = request.Arguments.Only("query", "limit", "skip", "fields");
        var query = _planner.Matching(request.Database, arguments, "query");
        var everything = arguments.Document("query") is not { View.IsEmpty: false };
        var isPlain = query.Collection is { Type: ExportItem.Collection };
        var all = await reader.CountAsync(
            query,
            everything && isPlain && !query.Pipeline.HasStages,
            request.Cancellation
        );
        var count = Math.Max(0, all - arguments.Whole("skip", 0));
        var limit = arguments.Whole("limit", 0);
        count = limit > 0 ? Math.Min(limit, count) : count;
        return await ServerCommands.Reply(w =>
        {
            if (count <= int.MaxValue)
            {
                w.Int32("n"u8, (int)count);
            }
            else
            {
                w.Int64("n"u8, count);
            }
        });
    }

    internal async ValueTask<BsonDocument> DistinctAsync(ServeRequest request)
    {
        var arguments = request.Arguments.Only("key", "query");
        if (!request.View.TryGet("key"u8, out var key) || key.Type != BsonType.String)
        {
            throw ServeFaults.Failed(14, "TypeMismatch", "'key' must be a string");
        }

        var values = new DistinctValues(key.AsUtf8);
        var query = _planner.Matching(request.Database, arguments, "query");
        await reader.EachAsync(query, document => values.Add(document.View), request.Cancellation);
        return await ServerCommands.Reply(w =>
        {
            w.BeginArray("values"u8);
            values.Write(w);
            w.EndArray();
        });
    }

    internal async ValueTask<BsonDocument> AggregateAsync(ServeRequest request)
    {
        var arguments = request.Arguments.Only("pipeline", "cursor", "explain");
        if (arguments.Flag("explain"))
        {
            return await PlanAsync(request, _planner.Aggregate(request.Database, arguments));
        }

        if (arguments.Document("cursor") is not { } cursor)
        {
            throw ServeFaults.Failed(
                9,
                "FailedToParse",
                "The 'cursor' option is required, except for aggregate with the explain argument"
            );
        }

        return await reader.BatchAsync(
            await AggregatedAsync(request, arguments),
            "firstBatch",
            new CommandArguments(cursor).Whole("batchSize", FirstBatch),
            single: false,
            request.Cancellation
        );
    }

    internal async ValueTask<BsonDocument> ExplainAsync(ServeRequest request)
    {
        if (request.View.First.Type != BsonType.Document || request.View.First.AsDocument.IsEmpty)
        {
            throw ServeFaults.Failed(14, "TypeMismatch", "explain needs a command");
        }

        var inner = new CommandArguments(request.View.First.AsDocument.ToDocument());
        var query = inner.View.First.NameText switch
        {
            "find" => Found(request.Database, inner),
            "aggregate" => _planner.Aggregate(request.Database, inner.Only("pipeline", "cursor", "explain")),
            "count" => _planner.Matching(request.Database, inner.Only("query", "limit", "skip", "fields"), "query"),
            "distinct" => _planner.Matching(request.Database, inner.Only("key", "query"), "query"),
            var other => throw ServeFaults.NotSupported($"explain of '{other}'"),
        };
        return await PlanAsync(request, query);
    }

    private async Task<ServedCursor> AggregatedAsync(ServeRequest request, CommandArguments arguments)
    {
        if (arguments.View.First.IsNumber)
        {
            // What a server answers of itself: sessions, operations. Those stages are refused by name.
            _ = Pipeline.Parse(CommandArguments.ArrayOf(arguments.Array("pipeline")));
            throw ServeFaults.Failed(73, "InvalidNamespace", "{aggregate: 1} is not valid: a collection is required.");
        }

        var ns = $"{request.Database}.{arguments.Collection}";
        var stages = arguments.Array("pipeline");
        return stages.Count > 0 && await statistics.OfAsync(ns, stages[0], request.Cancellation) is { } found
            ? ServeReader.Cursor(ns, Pipeline.Run(found, CommandArguments.ArrayOf([.. stages.Skip(1)])))
            : reader.Cursor(ns, _planner.Aggregate(request.Database, arguments));
    }

    private ServedQuery Found(string database, CommandArguments arguments) =>
        _planner.Find(
            database,
            arguments.Only("filter", "projection", "sort", "limit", "skip", "batchSize", "singleBatch")
        );

    /// <summary>How it would be read, and how much at most: what the query costs.</summary>
    private async Task<BsonDocument> PlanAsync(ServeRequest request, ServedQuery query)
    {
        var size = query.Collection is { } collection
            ? await moment.SizeAsync(collection, exactly: false, request.Cancellation)
            : null;
        var points = query.Id.Points?.Count;
        return await ServerCommands.Reply(w =>
        {
            w.BeginDocument("queryPlanner"u8).Int32("plannerVersion"u8, 1);
            w.String("namespace"u8, query.Collection?.Namespace ?? "").BeginDocument("winningPlan"u8);
            w.String("stage"u8, query.Plan);
            if (query.Plan == "IXSCAN")
            {
                w.BeginDocument("keyPattern"u8).Int32("_id"u8, 1).EndDocument().String("indexName"u8, "_id_");
            }

            w.EndDocument().BeginArray("rejectedPlans"u8).EndArray().EndDocument();
            w.BeginDocument("backup"u8).Boolean("seeks"u8, query.Plan is "IDHACK" or "IXSCAN");
            if (points is { } few)
            {
                w.Int64("documentsAtMost"u8, few);
            }
            else if (size is { } known)
            {
                w.Int64("documentsAtMost"u8, known.Documents).Int64("bytesAtMost"u8, known.DocumentBytes);
            }

            w.EndDocument();
        });
    }

    private static List<long> Ids(ServeRequest request)
    {
        if (!request.View.TryGet("cursors"u8, out var given) || given.Type != BsonType.Array)
        {
            throw ServeFaults.Failed(14, "TypeMismatch", "'cursors' must be an array");
        }

        var ids = new List<long>();
        foreach (var id in given.AsDocument)
        {
            ids.Add(
                id.IsNumber ? id.ToInt64() : throw ServeFaults.Failed(14, "TypeMismatch", "a cursor's id is a number")
            );
        }

        return ids;
    }

    private static void Write(BsonWriter writer, ReadOnlySpan<byte> name, List<long> ids)
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

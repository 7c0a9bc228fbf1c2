using Backup.MongoQuery.Filters;
using Backup.MongoWire.Bson;
using Backup.Snapshots.Exports;

namespace Backup.Daemon.Serving;

/// <summary>Which databases, collections and indexes there are, and how large they are.</summary>
internal sealed class CatalogueCommands(ServedMoment moment, ServeReader reader)
{
    private const int FirstBatch = 101;

    internal async ValueTask<BsonDocument> ListDatabasesAsync(ServeRequest request)
    {
        var arguments = request.Arguments.Only("filter", "nameOnly", "authorizedDatabases");
        var filter = Filter.Parse(arguments.Document("filter") ?? BsonDocument.Empty);
        var nameOnly = arguments.Flag("nameOnly");
        var found = new List<BsonDocument>();
        long total = 0;
        foreach (
            var database in moment
                .Items.GroupBy(static item => item.Database)
                .OrderBy(static one => one.Key, StringComparer.Ordinal)
        )
        {
            var size = nameOnly ? 0 : await BytesAsync(database, request.Cancellation);
            var entry = BsonDocument.Build(w =>
            {
                w.String("name"u8, database.Key);
                if (!nameOnly)
                {
                    w.Double("sizeOnDisk"u8, size).Boolean("empty"u8, false);
                }
            });
            if (filter.Matches(entry.View))
            {
                total += size;
                found.Add(entry);
            }
        }

        return await ServerCommands.Reply(w =>
        {
            w.Array("databases"u8, CommandArguments.ArrayOf(found).Span);
            if (!nameOnly)
            {
                w.Double("totalSize"u8, total);
            }
        });
    }

    internal async ValueTask<BsonDocument> ListCollectionsAsync(ServeRequest request)
    {
        var arguments = request.Arguments.Only("filter", "nameOnly", "cursor", "authorizedCollections");
        var filter = Filter.Parse(arguments.Document("filter") ?? BsonDocument.Empty);
        var nameOnly = arguments.Flag("nameOnly");
        var found = moment
            .Items.Where(item => item.Database == request.Database)
            .Select(item => Describe(item, nameOnly))
            .Where(entry => filter.Matches(entry.View))
            .ToList();
        return await AnswerAsync(request, $"{request.Database}.$cmd.listCollections", found);
    }

    internal async ValueTask<BsonDocument> ListIndexesAsync(ServeRequest request)
    {
        var arguments = request.Arguments.Only("cursor");
        var ns = $"{request.Database}.{arguments.Collection}";
        return moment.Find(ns) switch
        {
            null => throw ServeFaults.Failed(26, "NamespaceNotFound", $"ns does not exist: {ns}"),
            { Type: ExportItem.View } => throw ServeFaults.Failed(
                166,
                "CommandNotSupportedOnView",
                $"Namespace {ns} is a view, not a collection"
            ),
            { } item => await AnswerAsync(
                request,
                $"{request.Database}.$cmd.listIndexes.{arguments.Collection}",
                item.Indexes.Select(index => WithNamespace(index, ns))
            ),
        };
    }

    internal async ValueTask<BsonDocument> DbStatsAsync(ServeRequest request)
    {
        var scale = Math.Max(1, request.Arguments.Only("scale").Whole("scale", 1));
        var items = moment.Items.Where(item => item.Database == request.Database).ToList();
        var (documents, bytes) = (0L, 0L);
        foreach (var item in items)
        {
            if (await moment.SizeAsync(item, exactly: false, request.Cancellation) is { } size)
            {
                documents += size.Documents;
                bytes += size.DocumentBytes;
            }
        }

        return await ServerCommands.Reply(w =>
        {
            w.String("db"u8, request.Database)
                .Int32("collections"u8, items.Count(static one => one.Type != ExportItem.View));
            w.Int32("views"u8, items.Count(static one => one.Type == ExportItem.View)).Int64("objects"u8, documents);
            w.Double("avgObjSize"u8, documents == 0 ? 0 : (double)bytes / documents);
            w.Double("dataSize"u8, (double)bytes / scale).Double("storageSize"u8, (double)bytes / scale);
            w.Int32("indexes"u8, items.Sum(static one => one.Indexes.Count)).Double("indexSize"u8, 0);
            w.Double("scaleFactor"u8, scale);
        });
    }

    private static BsonDocument Describe(ExportItem item, bool nameOnly) =>
        BsonDocument.Build(w =>
        {
            w.String("name"u8, item.Name).String("type"u8, item.Type);
            if (nameOnly)
            {
                return;
            }

            w.Document("options"u8, item.Options).BeginDocument("info"u8).Boolean("readOnly"u8, true);
            if (item.Uuid is { } uuid)
            {
                w.Uuid("uuid"u8, uuid);
            }

            w.EndDocument();
            if (item.Indexes.FirstOrDefault(IsOnId) is { Length: > BsonView.MinimumLength } index)
            {
                w.Document("idIndex"u8, WithNamespace(index, item.Namespace));
            }
        });

    private static bool IsOnId(BsonDocument index) =>
        index.View.TryGet("name"u8, out var name) && name.Type == BsonType.String && name.AsString == "_id_";

    /// <summary>As a server of that version lists it.</summary>
    internal static BsonDocument WithNamespace(BsonDocument index, string ns) =>
        index.View.Has("ns"u8)
            ? index
            : BsonDocument.Build(w =>
            {
                foreach (var field in index.View)
                {
                    w.Element(field);
                }

                w.String("ns"u8, ns);
            });

    private async Task<long> BytesAsync(IEnumerable<ExportItem> items, CancellationToken cancellation)
    {
        long sum = 0;
        foreach (var item in items)
        {
            sum += (await moment.SizeAsync(item, exactly: false, cancellation))?.DocumentBytes ?? 0;
        }

        return sum;
    }

    private async Task<BsonDocument> AnswerAsync(ServeRequest request, string ns, IEnumerable<BsonDocument> documents)
    {
        var size = request.Arguments.Document("cursor") is { } cursor
            ? new CommandArguments(cursor).Whole("batchSize", FirstBatch)
            : FirstBatch;
        return await reader.BatchAsync(
            ServeReader.Cursor(ns, documents),
            "firstBatch",
            size,
            single: false,
            request.Cancellation
        );
    }
}

using Backup.MongoWire.Bson;
using Backup.Snapshots.Exports;

namespace Backup.Daemon.Serving;

/// <summary>
/// How large a collection is, and what is known of its indexes: as the command collStats, and as the stages <c>$collStats</c> and <c>$indexStats</c>, by
/// which newer clients ask for it.
/// </summary>
internal sealed class CollectionStatistics(ServedMoment moment, TimeProvider time)
{
    private const string Host = "backup";

    private readonly DateTimeOffset _since = time.GetUtcNow();

    internal async ValueTask<BsonDocument> CollStatsAsync(ServeRequest request)
    {
        var scale = Math.Max(1, request.Arguments.Only("scale").Whole("scale", 1));
        var ns = $"{request.Database}.{request.Arguments.Collection}";
        var item = moment.Find(ns);
        var size = await SizeAsync(item, request.Cancellation);
        return await ServerCommands.Reply(w =>
        {
            w.String("ns"u8, ns);
            Storage(w, item, size, scale);
        });
    }

    /// <summary>What a pipeline goes on with that begins with this stage; null where the stage reads documents.</summary>
    /// <exception cref="MongoWire.Client.CommandException">Of a view, and of a collection that is not there.</exception>
    internal async Task<IReadOnlyList<BsonDocument>?> OfAsync(
        string ns,
        BsonDocument stage,
        CancellationToken cancellation
    )
    {
        if (stage.View.IsEmpty)
        {
            return null;
        }

        return stage.View.First.NameIs("$collStats"u8)
                ? [await StatisticsAsync(ns, Wanted.Parse(stage.View.First), cancellation)]
            : stage.View.First.NameIs("$indexStats"u8) ? Indexes(ns)
            : null;
    }

    private async Task<BsonDocument> StatisticsAsync(string ns, Wanted wanted, CancellationToken cancellation)
    {
        var item = Collection(ns);
        if (item is null && (wanted.Storage || wanted.Count))
        {
            throw ServeFaults.Failed(
                wanted.Count ? 40481 : 40280,
                wanted.Count ? "Location40481" : "Location40280",
                $"Unable to retrieve {(wanted.Count ? "count" : "storageStats")} in $collStats stage: Collection [{ns}] not found."
            );
        }

        var size = await SizeAsync(item, cancellation);
        return BsonDocument.Build(w =>
        {
            w.String("ns"u8, ns).String("host"u8, Host);
            w.DateTime("localTime"u8, time.GetUtcNow().ToUnixTimeMilliseconds());
            if (wanted.Storage)
            {
                w.BeginDocument("storageStats"u8);
                Storage(w, item, size, wanted.Scale);
                w.EndDocument();
            }

            if (wanted.Count)
            {
                Number(w, "count"u8, size.Documents);
            }
        });
    }

    private List<BsonDocument> Indexes(string ns) =>
        Collection(ns) is not { } item
            ? []
            :
            [
                .. item.Indexes.Select(index =>
                    BsonDocument.Build(w =>
                    {
                        foreach (var field in index.View)
                        {
                            if (field.NameIs("name"u8) || field.NameIs("key"u8))
                            {
                                w.Element(field);
                            }
                        }

                        w.String("host"u8, Host).BeginDocument("accesses"u8).Int64("ops"u8, 0);
                        w.DateTime("since"u8, _since.ToUnixTimeMilliseconds()).EndDocument();
                        w.Document("spec"u8, CatalogueCommands.WithNamespace(index, ns));
                    })
                ),
            ];

    private ExportItem? Collection(string ns) =>
        moment.Find(ns) is { Type: ExportItem.View }
            ? throw ServeFaults.Failed(166, "CommandNotSupportedOnView", $"Namespace {ns} is a view, not a collection")
            : moment.Find(ns);

    private async Task<(long Documents, long Bytes)> SizeAsync(ExportItem? item, CancellationToken cancellation) =>
        item is not null && await moment.SizeAsync(item, exactly: false, cancellation) is { } size
            ? (size.Documents, size.DocumentBytes)
            : (0, 0);

    /// <summary>A backup has no indexes but one: those of the source are counted, and take no room.</summary>
    private static void Storage(BsonWriter writer, ExportItem? item, (long Documents, long Bytes) size, long scale)
    {
        Number(writer, "size"u8, size.Bytes / scale);
        Number(writer, "count"u8, size.Documents);
        if (size.Documents > 0)
        {
            Number(writer, "avgObjSize"u8, size.Bytes / size.Documents);
        }

        Number(writer, "storageSize"u8, size.Bytes / scale);
        writer.Boolean("capped"u8, IsCapped(item)).Int32("nindexes"u8, item?.Indexes.Count ?? 0);
        writer.Int32("totalIndexSize"u8, 0).BeginDocument("indexSizes"u8);
        foreach (var index in item?.Indexes ?? [])
        {
            if (index.View.TryGet("name"u8, out var name) && name.Type == BsonType.String)
            {
                writer.Int32(name.AsUtf8, 0);
            }
        }

        writer.EndDocument();
        Number(writer, "scaleFactor"u8, scale);
    }

    private static bool IsCapped(ExportItem? item) =>
        item is not null && item.Options.View.TryGet("capped"u8, out var capped) && capped.ToBoolean();

    /// <summary>As short as it can be, as a server writes it.</summary>
    private static void Number(BsonWriter writer, ReadOnlySpan<byte> name, long number)
    {
        if (number <= int.MaxValue)
        {
            writer.Int32(name, (int)number);
        }
        else
        {
            writer.Int64(name, number);
        }
    }

    /// <summary>What <c>$collStats</c> is asked for.</summary>
    private sealed record Wanted(bool Storage, bool Count, long Scale)
    {
        internal static Wanted Parse(BsonElement stage)
        {
            if (stage.Type != BsonType.Document)
            {
                throw ServeFaults.Failed(40166, "Location40166", "The $collStats stage must take a nested object.");
            }

            var wanted = new Wanted(false, false, 1);
            foreach (var option in stage.AsDocument)
            {
                wanted = option.NameText switch
                {
                    "storageStats" when option.Type == BsonType.Document => wanted with
                    {
                        Storage = true,
                        Scale = Math.Max(1, new CommandArguments(option.AsDocument.ToDocument()).Whole("scale", 1)),
                    },
                    "count" when option.Type == BsonType.Document => wanted with { Count = true },
                    var other => throw ServeFaults.NotSupported($"{other} in $collStats"),
                };
            }

            return wanted;
        }
    }
}

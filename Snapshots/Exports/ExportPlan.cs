using System.Buffers;
using Backup.MongoWire.Bson;
using Backup.Oplog.Catalogues;
using Backup.Snapshots.Reading;

namespace Backup.Snapshots.Exports;

/// <summary>One namespace of an export.</summary>
/// <param name="Database">For example <c>shop</c>.</param>
/// <param name="Name">As users see it: of a time series the plain name.</param>
/// <param name="DataName">The collection that holds the documents; null for a view.</param>
/// <param name="Uuid">Of the collection; null for a view.</param>
/// <param name="Metadata">What mongodump writes as <c>.metadata.json</c>.</param>
/// <param name="Type"><c>collection</c>, <c>view</c> or <c>timeseries</c>.</param>
internal sealed record ExportItem(
    string Database,
    string Name,
    string? DataName,
    Guid? Uuid,
    byte[] Metadata,
    string Type
)
{
    internal string Namespace => $"{Database}.{Name}";
}

/// <summary>What of a snapshot an export holds: what can be restored, collections before views.</summary>
internal static class ExportPlan
{
    internal static async Task<List<ExportItem>> MakeAsync(
        SnapshotReader snapshot,
        ExportOptions options,
        CancellationToken cancellation
    )
    {
        var items = new List<ExportItem>();
        var views = new List<ExportItem>();
        foreach (var collection in snapshot.Collections)
        {
            if (collection is { Name: "system.views", Database: not ("local" or "config") })
            {
                await AddViewsAsync(snapshot, collection, views, cancellation);
            }
            else if (UserData.Holds(collection, options.IncludeUsers))
            {
                items.Add(ItemOf(collection));
            }
        }

        items.AddRange(views);
        return options.Includes is { } wanted ? items.FindAll(item => wanted(item.Namespace)) : items;
    }

    private static ExportItem ItemOf(CatalogueCollection collection)
    {
        if (!collection.Name.StartsWith(UserData.Buckets, StringComparison.Ordinal))
        {
            var plain = ExportMetadata.Of(
                collection.Options,
                collection.Indexes,
                collection.Uuid,
                collection.Name,
                "collection"
            );
            return new(collection.Database, collection.Name, collection.Name, collection.Uuid, plain, "collection");
        }

        var name = collection.Name[UserData.Buckets.Length..];
        var series = ExportMetadata.Of(
            ExportMetadata.TimeSeriesOptions(collection.Options),
            TimeSeriesIndexes.Of(collection.Indexes, collection.Options),
            collection.Uuid,
            name,
            "timeseries"
        );
        return new(collection.Database, name, collection.Name, collection.Uuid, series, "timeseries");
    }

    private static async Task AddViewsAsync(
        SnapshotReader snapshot,
        CatalogueCollection collection,
        List<ExportItem> views,
        CancellationToken cancellation
    )
    {
        await using var cursor = snapshot.OpenCollection(collection.Uuid);
        while (await cursor.MoveNextAsync(cancellation))
        {
            if (ViewDefinition.Read(cursor.View) is { IsTimeSeries: false } view)
            {
                var name = view.Namespace[(collection.Database.Length + 1)..];
                var metadata = ExportMetadata.Of(view.Options, [], uuid: null, name, "view");
                views.Add(new ExportItem(collection.Database, name, null, null, metadata, "view"));
            }
        }
    }
}

/// <summary>The JSON beside a collection's documents, as mongodump 100 writes it.</summary>
internal static class ExportMetadata
{
    internal static byte[] Of(
        BsonDocument options,
        IReadOnlyList<BsonDocument> indexes,
        Guid? uuid,
        string name,
        string type
    )
    {
        var document = BsonDocument.Build(writer =>
        {
            Span<byte> item = stackalloc byte[11];
            writer.Document("options"u8, options).BeginArray("indexes"u8);
            foreach (var index in indexes)
            {
                writer.Document(writer.ArrayItemName(item), index);
            }

            writer.EndArray();
            if (uuid is { } known)
            {
                writer.String("uuid"u8, known.ToString("n"));
            }

            writer.String("collectionName"u8, name).String("type"u8, type);
        });
        var json = new ArrayBufferWriter<byte>();
        ExtendedJson.Write(document.View, json, ExtendedJsonMode.Canonical);
        return json.WrittenSpan.ToArray();
    }

    /// <summary>Of a bucket collection's options those that a time-series collection is created with.</summary>
    internal static BsonDocument TimeSeriesOptions(BsonDocument buckets) =>
        BsonDocument.Build(writer =>
        {
            foreach (var option in buckets.View)
            {
                if (option.NameText is "timeseries" or "expireAfterSeconds" or "collation" or "storageEngine")
                {
                    writer.Element(option);
                }
            }
        });
}

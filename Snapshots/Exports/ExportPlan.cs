using System.Buffers;
using Backup.MongoWire.Bson;
using Backup.Oplog.Catalogues;
using Backup.Snapshots.Reading;

namespace Backup.Snapshots.Exports;

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
        foreach (var collection in snapshot.Collections.Where(one => options.Owned?.Has(one) ?? true))
        {
            if (collection is { Name: "system.views", Database: not ("local" or "config") })
            {
                await AddViewsAsync(snapshot, collection, views, cancellation);
            }
            else if (IsWanted(collection, options))
            {
                items.Add(ItemOf(collection) with { Open = () => Open(snapshot, collection, options) });
            }
        }

        items.AddRange(views);
        return options.Includes is { } wanted ? items.FindAll(item => wanted(item.Namespace)) : items;
    }

    private static bool IsWanted(CatalogueCollection collection, ExportOptions options) =>
        UserData.Holds(collection, options.IncludeUsers)
        || (options.IncludeConfig && UserData.IsClusterMetadata(collection));

    private static DocumentCursor Open(
        SnapshotReader snapshot,
        CatalogueCollection collection,
        ExportOptions options
    ) => options.Owned?.Open(snapshot, collection) ?? snapshot.OpenCollection(collection.Uuid);

    private static ExportItem ItemOf(CatalogueCollection collection)
    {
        if (!collection.Name.StartsWith(UserData.Buckets, StringComparison.Ordinal))
        {
            return new(
                collection.Database,
                collection.Name,
                collection.Name,
                collection.Options,
                collection.Indexes,
                collection.Uuid,
                ExportItem.Collection
            );
        }

        return new(
            collection.Database,
            collection.Name[UserData.Buckets.Length..],
            collection.Name,
            ExportMetadata.TimeSeriesOptions(collection.Options),
            TimeSeriesIndexes.Of(collection.Indexes, collection.Options),
            collection.Uuid,
            ExportItem.TimeSeries
        );
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
                views.Add(new(collection.Database, name, null, view.Options, [], null, ExportItem.View));
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

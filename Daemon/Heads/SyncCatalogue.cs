using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.MongoWire.Bson;
using Backup.Oplog.Catalogues;

namespace Backup.Daemon.Heads;

/// <summary>Reads the collections that an agent listed at the begin of a sync. Keep in sync with docs/formats/sync-catalogue.md.</summary>
internal static class SyncCatalogue
{
    /// <summary>
    /// Views are left out: their definitions are documents of <c>system.views</c>, which is copied as any collection.
    /// </summary>
    /// <exception cref="BackupException">9002</exception>
    internal static IReadOnlyList<CatalogueCollection> Read(SyncRecord sync)
    {
        var collections = new List<CatalogueCollection>();
        try
        {
            for (ReadOnlyMemory<byte> rest = sync.Catalogue; rest.Length > 0; )
            {
                var document = new BsonDocument(rest);
                rest = rest[document.Length..];
                if (document.View["type"u8].AsString is not ("view" or "timeseries"))
                {
                    collections.Add(ReadOne(document.View));
                }
            }
        }
        catch (BackupException malformed) when (malformed.Number == MongoWire.MongoWireErrors.MalformedBson)
        {
            throw DaemonErrors.Catalogue(malformed.Message);
        }

        return collections;
    }

    private static CatalogueCollection ReadOne(BsonView document)
    {
        var ns = document["ns"u8].AsString;
        var dot = ns.IndexOf('.', StringComparison.Ordinal);
        if (dot <= 0 || dot == ns.Length - 1)
        {
            throw DaemonErrors.Catalogue($"'{ns}' is no namespace");
        }

        var indexes = new List<BsonDocument>();
        foreach (var index in document["indexes"u8].AsDocument)
        {
            indexes.Add(index.AsDocument.ToDocument());
        }

        var name = ns[(dot + 1)..];
        return new CatalogueCollection(
            document["uuid"u8].AsUuid,
            ns[..dot],
            name,
            name.StartsWith("system.buckets.", StringComparison.Ordinal)
                ? CollectionType.TimeSeries
                : CollectionType.Collection,
            document["options"u8].AsDocument.ToDocument(),
            indexes
        );
    }
}

using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.MongoWire.Catalogues;
using Backup.Oplog.Catalogues;

namespace Backup.Daemon.Heads;

/// <summary>The collections that an agent listed at the begin of a sync, as a head knows them.</summary>
internal static class SyncCatalogue
{
    /// <summary>
    /// Views are left out: their definitions are documents of <c>system.views</c>, which is copied as any collection.
    /// </summary>
    /// <param name="catalogue">As <see cref="ISyncs.CatalogueAsync"/> gives it.</param>
    /// <exception cref="BackupException">9002</exception>
    internal static IReadOnlyList<CatalogueCollection> Read(byte[] catalogue)
    {
        try
        {
            return [.. ListedCollection.ReadAll(catalogue).Where(listed => listed.HasDocuments).Select(Known)];
        }
        catch (BackupException malformed) when (malformed.Number == MongoWire.MongoWireErrors.MalformedBson)
        {
            throw DaemonErrors.Catalogue(malformed.Message);
        }
    }

    private static CatalogueCollection Known(ListedCollection listed)
    {
        var dot = listed.Namespace.IndexOf('.', StringComparison.Ordinal);
        if (dot <= 0 || dot == listed.Namespace.Length - 1)
        {
            throw DaemonErrors.Catalogue($"'{listed.Namespace}' is no namespace");
        }

        var name = listed.Namespace[(dot + 1)..];
        return new CatalogueCollection(
            listed.Uuid!.Value,
            listed.Namespace[..dot],
            name,
            name.StartsWith("system.buckets.", StringComparison.Ordinal)
                ? CollectionType.TimeSeries
                : CollectionType.Collection,
            listed.Options,
            listed.Indexes
        );
    }
}

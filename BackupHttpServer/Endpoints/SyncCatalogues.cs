using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Catalogues;

namespace Backup.BackupHttpServer.Endpoints;

/// <summary>The catalogue that an agent sends when a sync begins, and the positions that follow from it.</summary>
internal static class SyncCatalogues
{
    /// <param name="raw">The body.</param>
    /// <param name="announced">How many collections and views it is to hold.</param>
    /// <exception cref="BackupException">8012, 8013, 8021.</exception>
    public static IReadOnlyList<ListedCollection> Read(ReadOnlySpan<byte> raw, int announced)
    {
        try
        {
            _ = BsonValidator.ValidateAll(raw, BsonLimits.AsStored);
            var listed = ListedCollection.ReadAll(raw);
            return listed.Count == announced ? listed : throw BackupHttpServerErrors.BadCount(announced, listed.Count);
        }
        catch (BackupException malformed) when (malformed.Number is >= 2000 and < 2100)
        {
            throw BackupHttpServerErrors.BadCatalogue(malformed.Message);
        }
    }

    /// <summary>Where the copy of each collection begins, range by range; each range expects its share of the whole.</summary>
    public static List<SyncCollection> RangesOf(string syncId, IEnumerable<ListedCollection> listed) =>
        [.. listed.Where(one => one.HasDocuments).SelectMany(one => RangesOf(syncId, one))];

    private static IEnumerable<SyncCollection> RangesOf(string syncId, ListedCollection listed)
    {
        var count = listed.Splits.Count + 1;
        return Enumerable
            .Range(0, count)
            .Select(range => new SyncCollection(
                syncId,
                listed.Uuid!.Value,
                listed.Namespace,
                range,
                listed.Documents / count,
                listed.Bytes / count,
                Documents: 0,
                RawBytes: 0,
                NextSequence: 0,
                LastId: null,
                Done: false
            ));
    }
}

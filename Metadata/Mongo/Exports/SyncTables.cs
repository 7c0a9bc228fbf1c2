using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Sqlite;
using Backup.MongoWire.Bson;
using Microsoft.Data.Sqlite;

namespace Backup.Metadata.Mongo.Exports;

/// <summary>
/// Copies: a row has the source's list of collections in itself, documents have it in parts; and a document has what its oplog slices hold, which a file looks up among the slices.
/// </summary>
internal static class SyncTables
{
    internal const string Catalogue = "catalogue";

    /// <summary>As the store has them; see <c>MongoSyncRecords</c>.</summary>
    private const int PartLength = 8 << 20;

    internal static IReadOnlyList<string> Names { get; } = [.. TableMaps.Syncs.Names, Catalogue];

    /// <param name="parts">Of the sync's list of collections, in order.</param>
    internal static object?[] Row(BsonDocument sync, IEnumerable<byte[]> parts) =>
        [.. TableMaps.Syncs.Row(sync), parts.SelectMany(static part => part).ToArray()];

    /// <summary>Of every sync, with what its slices hold.</summary>
    internal static IEnumerable<BsonDocument> Documents(SqliteConnection staged)
    {
        foreach (var row in SqliteExport.Rows(staged, TableMaps.Syncs.Table, TableMaps.Syncs.Names))
        {
            var id = (string)row[Array.IndexOf(TableMaps.Syncs.Names, "id")]!;
            var oldest = Slice(staged, id, "ASC");
            var newest = Slice(staged, id, "DESC");
            OplogExtent? extent =
                oldest is null || newest is null ? null : new OplogExtent(oldest.Previous, oldest.First, newest.Last);
            yield return TableMaps.Syncs.Document(
                row,
                (SyncCollections.Extent, extent),
                (SyncCollections.NextSlice, newest is null ? 0 : newest.Sequence + 1)
            );
        }
    }

    /// <summary>The lists of collections, in parts.</summary>
    internal static IEnumerable<BsonDocument> Parts(SqliteConnection staged)
    {
        foreach (var row in SqliteExport.Rows(staged, TableMaps.Syncs.Table, ["id", Catalogue]))
        {
            foreach (var (part, bytes) in ((byte[])row[1]!).Chunk(PartLength).Index())
            {
                yield return SyncCollections.Catalogues.Write(new CataloguePart((string)row[0]!, part, bytes));
            }
        }
    }

    private static OplogSlice? Slice(SqliteConnection staged, string syncId, string order)
    {
        var map = TableMaps.Plain.First(static one => one.Collection == SyncCollections.OplogSlices);
        using var command = staged.CreateCommand();
        command.CommandText = $"""
            SELECT {string.Join(", ", map.Names.Select(SqliteExport.Quoted))} FROM oplog_slices
            WHERE sync_id = @syncId ORDER BY sequence {order} LIMIT 1
            """;
        command.Parameters.AddWithValue("@syncId", syncId);
        using var reader = command.ExecuteReader();
        return reader.Read() ? SyncCollections.OplogSlices.Read(map.Document(SqliteExport.Values(reader))) : null;
    }
}

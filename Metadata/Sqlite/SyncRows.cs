using System.Text.Json;
using Backup.Foundation.Contracts;

namespace Backup.Metadata.Sqlite;

/// <summary>Rows of syncs, sync_collections and sync_slices, for those who read and change them in a transaction of their own.</summary>
internal static class SyncRows
{
    internal const string SyncColumns = """
        id, replica_set_id, state, begin_t, begin_i, begin_term, end_t, end_i, end_term, started_at, beside, copy_order,
        failure
        """;

    internal const string CollectionColumns = """
        sync_id, collection, namespace, range, expected_documents, expected_bytes, documents, raw_bytes, next_sequence,
        last_id, done
        """;

    internal const string SliceColumns =
        "sync_id, collection, range, sequence, object_name, documents, raw_length, stored_length, sha256";

    /// <summary>Those beside that sync, oldest first.</summary>
    internal static List<SyncRecord> Beside(Session session, string syncId) =>
        session.Query($"SELECT {SyncColumns} FROM syncs WHERE beside = @syncId ORDER BY ordinal", Sync, new { syncId });

    /// <summary>Whole and partial ones of every replica set, oldest first.</summary>
    internal static List<SyncRecord> All(Session session) =>
        session.Query($"SELECT {SyncColumns} FROM syncs ORDER BY ordinal", Sync);

    internal static SyncRecord? Find(Session session, string id) =>
        session.Find($"SELECT {SyncColumns} FROM syncs WHERE id = @id", Sync, new { id });

    internal static void Insert(Session session, SyncRecord sync, byte[] catalogue) =>
        session.Execute(
            $"""
            INSERT INTO syncs ({SyncColumns}, catalogue)
            VALUES (@Id, @ReplicaSetId, @state, @bt, @bi, @bterm, @et, @ei, @eterm, @started, @Beside,
                @order, @Failure, @catalogue)
            """,
            new
            {
                sync.Id,
                sync.ReplicaSetId,
                state = (int)sync.State,
                bt = (long)sync.Begin.T,
                bi = (long)sync.Begin.I,
                bterm = sync.Begin.Term,
                et = (long?)sync.End?.T,
                ei = (long?)sync.End?.I,
                eterm = sync.End?.Term,
                sync.Beside,
                sync.Failure,
                order = sync.Order is null ? null : JsonSerializer.Serialize(sync.Order, AgentJson.Default.CopyOrder),
                catalogue,
                started = sync.StartedAt.ToUnixTimeMilliseconds(),
            }
        );

    internal static void AddCollection(Session session, SyncCollection collection) =>
        session.Execute(
            $"""
            INSERT INTO sync_collections ({CollectionColumns})
            VALUES (@SyncId, @uuid, @Namespace, @Range, @ExpectedDocuments, @ExpectedBytes, @Documents, @RawBytes,
                @NextSequence, @LastId, @Done)
            """,
            new
            {
                collection.SyncId,
                uuid = Uuid(collection.Collection),
                collection.Namespace,
                collection.Range,
                collection.ExpectedDocuments,
                collection.ExpectedBytes,
                collection.Documents,
                collection.RawBytes,
                collection.NextSequence,
                collection.LastId,
                collection.Done,
            }
        );

    internal static SyncRecord RequireState(Session session, string syncId, params ReadOnlySpan<SyncState> allowed)
    {
        var sync = Find(session, syncId) ?? throw MetadataErrors.Missing("sync", syncId);
        return allowed.Contains(sync.State) ? sync : throw MetadataErrors.NotCurrent(syncId);
    }

    internal static SyncCollection? FindCollection(Session session, string syncId, Guid collection, int range) =>
        session.Find(
            $"""
            SELECT {CollectionColumns} FROM sync_collections
            WHERE sync_id = @syncId AND collection = @uuid AND range = @range
            """,
            Collection,
            new
            {
                syncId,
                uuid = Uuid(collection),
                range,
            }
        );

    internal static string Uuid(Guid collection) => collection.ToString("D");

    internal static SyncRecord Sync(Row row) =>
        new(
            row.Text(),
            row.Text(),
            (SyncState)row.Int(),
            row.Optime(),
            row.OptimeOrNull(),
            row.Time(),
            row.TextOrNull(),
            row.TextOrNull() is { } order ? JsonSerializer.Deserialize(order, AgentJson.Default.CopyOrder) : null,
            row.TextOrNull()
        );

    internal static SyncCollection Collection(Row row) =>
        new(
            row.Text(),
            row.Uuid(),
            row.Text(),
            row.Int(),
            row.Long(),
            row.Long(),
            row.Long(),
            row.Long(),
            row.Long(),
            row.BytesOrNull(),
            row.Flag()
        );

    internal static SyncSlice Slice(Row row) =>
        new(row.Text(), row.Uuid(), row.Int(), row.Long(), row.Text(), row.Long(), row.Int(), row.Int(), row.Bytes());
}

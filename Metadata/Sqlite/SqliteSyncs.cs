using Backup.Foundation;
using static Backup.Metadata.Sqlite.SyncRows;

namespace Backup.Metadata.Sqlite;

internal sealed class SqliteSyncs(ITransactions database, TimeProvider time) : ISyncs
{
    public Task BeginAsync(
        SyncRecord sync,
        byte[] catalogue,
        IReadOnlyList<SyncCollection> collections,
        CancellationToken cancellation = default
    ) => database.WriteAsync(session => Begin(session, sync, catalogue, collections), cancellation);

    public async Task<byte[]> CatalogueAsync(string syncId, CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session =>
                session.Find("SELECT catalogue FROM syncs WHERE id = @syncId", row => row.Bytes(), new { syncId }),
            cancellation
        ) ?? throw MetadataErrors.Missing("sync", syncId);

    public Task<SyncRecord?> FindAsync(string syncId, CancellationToken cancellation = default) =>
        database.ReadAsync(session => Find(session, syncId), cancellation);

    public async Task<IReadOnlyList<SyncRecord>> ListAsync(
        string replicaSetId,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    $"""
                    SELECT {SyncColumns} FROM syncs WHERE replica_set_id = @replicaSetId AND beside IS NULL
                    ORDER BY ordinal
                    """,
                    Sync,
                    new { replicaSetId }
                ),
            cancellation
        );

    public Task RemoveAsync(string syncId, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                var sync = Find(session, syncId);
                if (sync is { State: not SyncState.Abandoned })
                {
                    throw MetadataErrors.NotCurrent(syncId);
                }

                session.Execute("DELETE FROM syncs WHERE id = @syncId OR beside = @syncId", new { syncId });
            },
            cancellation
        );

    public async Task<IReadOnlyList<SyncCollection>> CollectionsAsync(
        string syncId,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    $"""
                    SELECT {CollectionColumns} FROM sync_collections WHERE sync_id = @syncId
                    ORDER BY namespace, collection, range
                    """,
                    Collection,
                    new { syncId }
                ),
            cancellation
        );

    public async Task<SyncProgress> ProgressAsync(string syncId, CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session =>
                session.Find(
                    """
                    SELECT count(*), coalesce(sum(done), 0), coalesce(sum(documents), 0),
                        coalesce(sum(max(documents, expected_documents)), 0), coalesce(sum(raw_bytes), 0),
                        coalesce(sum(max(raw_bytes, expected_bytes)), 0)
                    FROM (
                        SELECT min(done) AS done, sum(documents) AS documents, sum(expected_documents) AS expected_documents,
                            sum(raw_bytes) AS raw_bytes, sum(expected_bytes) AS expected_bytes
                        FROM sync_collections WHERE sync_id = @syncId GROUP BY collection
                    )
                    """,
                    row => new SyncProgress(row.Int(), row.Int(), row.Long(), row.Long(), row.Long(), row.Long()),
                    new { syncId }
                ),
            cancellation
        ) ?? new SyncProgress(0, 0, 0, 0, 0, 0);

    public Task<SyncCollection?> FindCollectionAsync(
        string syncId,
        Guid collection,
        int range,
        CancellationToken cancellation = default
    ) => database.ReadAsync(session => FindCollection(session, syncId, collection, range), cancellation);

    public Task<bool> AddSliceAsync(SyncSlice slice, byte[] lastId, CancellationToken cancellation = default) =>
        database.WriteAsync(session => AddSlice(session, slice, lastId), cancellation);

    public Task<SyncSlice?> FindSliceAsync(
        string syncId,
        Guid collection,
        int range,
        long sequence,
        CancellationToken cancellation = default
    ) =>
        database.ReadAsync(
            session =>
                session.Find(
                    $"""
                    SELECT {SliceColumns} FROM sync_slices
                    WHERE sync_id = @syncId AND collection = @uuid AND range = @range AND sequence = @sequence
                    """,
                    Slice,
                    new
                    {
                        syncId,
                        uuid = Uuid(collection),
                        range,
                        sequence,
                    }
                ),
            cancellation
        );

    public Task<long> ResetCollectionAsync(
        string syncId,
        Guid collection,
        int range,
        CancellationToken cancellation = default
    ) => database.WriteAsync(session => ResetCollection(session, syncId, collection, range), cancellation);

    public Task AbandonAsync(string syncId, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                Abandon(session, syncId);
                session.Execute(
                    """
                    UPDATE replica_sets
                    SET sync_id = NULL, state = @state, stop_code = NULL, stop_message = NULL, stop_hint = NULL
                    WHERE sync_id = @syncId
                    """,
                    new { state = (int)ReplicaSetState.Waiting, syncId }
                );
            },
            cancellation
        );

    public Task CollectionDoneAsync(
        string syncId,
        Guid collection,
        int range,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
            {
                var found =
                    FindCollection(session, syncId, collection, range)
                    ?? throw MetadataErrors.Missing("collection of a sync", $"{syncId}/{collection:D}/{range}");
                if (found.Done)
                {
                    return;
                }

                RequireState(session, syncId, SyncState.Copying);
                session.Execute(
                    """
                    UPDATE sync_collections SET done = 1
                    WHERE sync_id = @syncId AND collection = @uuid AND range = @range
                    """,
                    new
                    {
                        syncId,
                        uuid = Uuid(collection),
                        range,
                    }
                );
            },
            cancellation
        );

    public Task CopiedAsync(string syncId, Optime end, CancellationToken cancellation = default) =>
        database.WriteAsync(session => Copied(session, syncId, end), cancellation);

    public async Task<IReadOnlyList<SyncSlice>> SlicesAsync(
        string syncId,
        Guid collection,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    $"""
                    SELECT {SliceColumns} FROM sync_slices WHERE sync_id = @syncId AND collection = @uuid
                    ORDER BY range, sequence
                    """,
                    Slice,
                    new { syncId, uuid = Uuid(collection) }
                ),
            cancellation
        );

    public Task BuiltAsync(string syncId, HeadRecord head, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                var sync = RequireState(session, syncId, SyncState.Copied);
                if (head.SyncId != syncId || head.ReplicaSetId != sync.ReplicaSetId)
                {
                    throw MetadataErrors.NotCurrent(head.SyncId);
                }

                session.Execute(
                    "UPDATE syncs SET state = @state WHERE id = @syncId",
                    new { state = (int)SyncState.Built, syncId }
                );
                session.Execute("DELETE FROM sync_slices WHERE sync_id = @syncId", new { syncId });
                SqliteHeads.Set(session, head);
                SqliteHoles.CloseOthers(session, sync.ReplicaSetId, syncId, sync.End!.Value);
            },
            cancellation
        );

    private void Begin(Session session, SyncRecord sync, byte[] catalogue, IReadOnlyList<SyncCollection> collections)
    {
        SqliteDeployments.RequireReplicaSet(session, sync.ReplicaSetId);
        var older = session.Query(
            "SELECT id FROM syncs WHERE replica_set_id = @ReplicaSetId AND beside IS NULL ORDER BY ordinal",
            row => row.Text(),
            new { sync.ReplicaSetId }
        );
        older.ForEach(id => Abandon(session, id));
        Insert(session, sync, catalogue);
        foreach (var collection in collections)
        {
            AddCollection(session, collection with { SyncId = sync.Id });
        }

        session.Execute(
            "UPDATE replica_sets SET sync_id = @Id WHERE id = @ReplicaSetId",
            new { sync.Id, sync.ReplicaSetId }
        );
    }

    /// <summary>What can be restored of it ends with its last oplog slice: the hole begins there.</summary>
    private void Abandon(Session session, string syncId)
    {
        var abandoned = session.Execute(
            "UPDATE syncs SET state = @state WHERE id = @syncId AND state <> @state",
            new { state = (int)SyncState.Abandoned, syncId }
        );
        foreach (var partial in Beside(session, syncId).Where(one => one.IsOpen))
        {
            SqlitePartialSyncs.End(session, partial.Id, SyncState.Abandoned);
        }

        if (abandoned > 0 && SqliteOplogSlices.Newest(session, syncId) is { } newest)
        {
            var hole = new OplogHole(
                newest.ReplicaSetId,
                newest.Last,
                Optime.Zero,
                "A new initial sync took the place of the copy that was followed so far.",
                time.GetUtcNow(),
                HoleKind.Resync,
                syncId
            );
            SqliteHoles.Add(session, hole);
        }
    }

    private static bool AddSlice(Session session, SyncSlice slice, byte[] lastId)
    {
        var collection = FindCollection(session, slice.SyncId, slice.Collection, slice.Range);
        if (collection is null)
        {
            throw MetadataErrors.Missing("collection of a sync", $"{slice.SyncId}/{slice.Collection:D}/{slice.Range}");
        }

        RequireState(session, slice.SyncId, SyncState.Copying, SyncState.Copied, SyncState.Built);
        if (collection.Done || slice.Sequence != collection.NextSequence)
        {
            return false;
        }

        var row = new
        {
            slice.SyncId,
            uuid = Uuid(slice.Collection),
            slice.Range,
            slice.Sequence,
            slice.ObjectName,
            slice.Documents,
            slice.RawLength,
            slice.StoredLength,
            slice.Sha256,
            lastId,
        };
        session.Execute(
            $"""
            INSERT INTO sync_slices ({SliceColumns})
            VALUES (@SyncId, @uuid, @Range, @Sequence, @ObjectName, @Documents, @RawLength, @StoredLength, @Sha256)
            """,
            row
        );
        session.Execute(
            """
            UPDATE sync_collections SET
                documents = documents + @Documents,
                raw_bytes = raw_bytes + @RawLength,
                next_sequence = next_sequence + 1,
                last_id = @lastId
            WHERE sync_id = @SyncId AND collection = @uuid AND range = @Range
            """,
            row
        );
        return true;
    }

    private static long ResetCollection(Session session, string syncId, Guid collection, int range)
    {
        var position =
            FindCollection(session, syncId, collection, range)
            ?? throw MetadataErrors.Missing("collection of a sync", $"{syncId}/{collection:D}/{range}");
        RequireState(session, syncId, SyncState.Copying);
        var key = new
        {
            syncId,
            uuid = Uuid(collection),
            range,
        };
        const string own = "FROM sync_slices WHERE sync_id = @syncId AND collection = @uuid AND range = @range";
        session.Execute($"INSERT OR IGNORE INTO doomed_objects (name) SELECT object_name {own}", key);
        session.Execute($"DELETE {own}", key);
        session.Execute(
            """
            UPDATE sync_collections
            SET next_sequence = next_sequence + 1, documents = 0, raw_bytes = 0, last_id = NULL, done = 0
            WHERE sync_id = @syncId AND collection = @uuid AND range = @range
            """,
            key
        );
        return position.NextSequence + 1;
    }

    private static void Copied(Session session, string syncId, Optime end)
    {
        var sync = RequireState(session, syncId, SyncState.Copying, SyncState.Copied, SyncState.Built);
        if (sync.State is not SyncState.Copying)
        {
            if (sync.End != end)
            {
                throw MetadataErrors.NotCurrent(syncId);
            }

            return;
        }

        var open = session.Number(
            "SELECT count(*) FROM sync_collections WHERE sync_id = @syncId AND done = 0",
            new { syncId }
        );
        if (open > 0)
        {
            throw MetadataErrors.NotDone(syncId, open);
        }

        session.Execute(
            "UPDATE syncs SET state = @state, end_t = @t, end_i = @i, end_term = @term WHERE id = @syncId",
            new
            {
                state = (int)SyncState.Copied,
                t = (long)end.T,
                i = (long)end.I,
                term = end.Term,
                syncId,
            }
        );
    }
}

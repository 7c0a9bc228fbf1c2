namespace Backup.Metadata.Sqlite;

internal sealed class SqliteSnapshots(ITransactions database) : ISnapshots
{
    private const string Columns = """
        id, replica_set_id, optime_t, optime_i, optime_term, manifest_block, documents, raw_bytes, new_bytes,
        stored_bytes, duration_seconds, cause, created_at, expires_at, sync_id, replay_t, replay_i, replay_term,
        filters
        """;

    public Task AddAsync(SnapshotRecord snapshot, CancellationToken cancellation = default) =>
        database.WriteAsync(session => Add(session, snapshot), cancellation);

    public Task<SnapshotRecord?> FindAsync(string id, CancellationToken cancellation = default) =>
        database.ReadAsync(
            session => session.Find($"SELECT {Columns} FROM snapshots WHERE id = @id", Snapshot, new { id }),
            cancellation
        );

    public async Task<IReadOnlyList<SnapshotRecord>> ListAsync(
        string replicaSetId,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    $"""
                    SELECT {Columns} FROM snapshots WHERE replica_set_id = @replicaSetId
                    ORDER BY optime_t DESC, optime_i DESC, ordinal DESC
                    """,
                    Snapshot,
                    new { replicaSetId }
                ),
            cancellation
        );

    public Task RemoveAsync(string id, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                if (session.Execute("DELETE FROM snapshots WHERE id = @id", new { id }) == 0)
                {
                    throw MetadataErrors.Missing("snapshot", id);
                }
            },
            cancellation
        );

    internal static void Add(Session session, SnapshotRecord snapshot)
    {
        SqliteDeployments.RequireReplicaSet(session, snapshot.ReplicaSetId);
        session.Execute(
            $"""
            INSERT INTO snapshots ({Columns})
            VALUES (@Id, @ReplicaSetId, @t, @i, @term, @ManifestBlock, @Documents, @RawBytes, @NewBytes,
                @StoredBytes, @DurationSeconds, @Trigger, @created, @expires, @SyncId, @rt, @ri, @rterm, @Filters)
            """,
            new
            {
                snapshot.Id,
                snapshot.ReplicaSetId,
                t = (long)snapshot.Optime.T,
                i = (long)snapshot.Optime.I,
                term = snapshot.Optime.Term,
                snapshot.ManifestBlock,
                snapshot.Documents,
                snapshot.RawBytes,
                snapshot.NewBytes,
                snapshot.StoredBytes,
                snapshot.DurationSeconds,
                snapshot.Trigger,
                created = snapshot.CreatedAt.ToUnixTimeMilliseconds(),
                expires = snapshot.ExpiresAt?.ToUnixTimeMilliseconds(),
                snapshot.SyncId,
                rt = (long?)snapshot.ReplayFrom?.T,
                ri = (long?)snapshot.ReplayFrom?.I,
                rterm = snapshot.ReplayFrom?.Term,
                snapshot.Filters,
            }
        );
    }

    private static SnapshotRecord Snapshot(Row row) =>
        new(
            row.Text(),
            row.Text(),
            row.Optime(),
            row.Text(),
            row.Long(),
            row.Long(),
            row.Long(),
            row.Long(),
            row.Real(),
            row.Text(),
            row.Time(),
            row.TimeOrNull(),
            row.Text(),
            row.OptimeOrNull()
        )
        {
            Filters = row.TextOrNull(),
        };
}

namespace Backup.Metadata.Sqlite;

internal sealed class SqliteSnapshots(ITransactions database, TimeProvider time) : ISnapshots
{
    private const string Columns = """
        id, replica_set_id, optime_t, optime_i, optime_term, manifest_block, documents, raw_bytes, new_bytes,
        stored_bytes, duration_seconds, cause, created_at, expires_at, sync_id, replay_t, replay_i, replay_term,
        filters, cut_id, pinned_at
        """;

    public Task AddAsync(SnapshotRecord snapshot, CancellationToken cancellation = default) =>
        database.WriteAsync(session => Add(session, snapshot), cancellation);

    public Task<SnapshotRecord?> FindAsync(string id, CancellationToken cancellation = default) =>
        database.ReadAsync(session => Find(session, id), cancellation);

    public Task<(long Count, long RawBytes)> TotalAsync(CancellationToken cancellation = default) =>
        database.ReadAsync(
            session =>
                session
                    .Query(
                        "SELECT count(*), coalesce(sum(raw_bytes), 0) FROM snapshots",
                        static row => (row.Long(), row.Long())
                    )
                    .Single(),
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

    public async Task<IReadOnlyList<SnapshotRecord>> NewestAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    $"""
                    SELECT {Columns} FROM snapshots WHERE ordinal IN (
                        SELECT (SELECT max(ordinal) FROM snapshots WHERE replica_set_id = sets.id) FROM replica_sets sets
                    )
                    ORDER BY ordinal
                    """,
                    Snapshot
                ),
            cancellation
        );

    public Task<SnapshotRecord> KeepAsync(string id, KeepingChange change, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                var found = FindLoose(session, id);
                var (pinned, expires) = change.Of(found.PinnedAt, found.ExpiresAt, time.GetUtcNow());
                session.Execute(
                    "UPDATE snapshots SET pinned_at = @pinned, expires_at = @expires WHERE id = @id",
                    new
                    {
                        id,
                        pinned = pinned?.ToUnixTimeMilliseconds(),
                        expires = expires?.ToUnixTimeMilliseconds(),
                    }
                );
                return Find(session, id)!;
            },
            cancellation
        );

    public Task<bool> ExpireAsync(SnapshotRecord seen, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
                Find(session, seen.Id) is { CutId: null, PinnedAt: null } now
                && now.ExpiresAt == seen.ExpiresAt
                && !IsRead(session, now, time)
                && Others(session, now) > 0
                && session.Execute("DELETE FROM snapshots WHERE id = @Id", new { seen.Id }) == 1,
            cancellation
        );

    public Task DeleteAsync(string id, bool evenLast, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                var found = FindLoose(session, id);
                if (found.PinnedAt is not null)
                {
                    throw MetadataErrors.Pinned(id);
                }

                if (IsRead(session, found, time, ofBursts: true))
                {
                    throw MetadataErrors.Kept(id);
                }

                if (IsRead(session, found, time))
                {
                    throw MetadataErrors.BeingRead(id);
                }

                if (!evenLast && Others(session, found) == 0)
                {
                    throw MetadataErrors.Last(id);
                }

                session.Execute("DELETE FROM snapshots WHERE id = @id", new { id });
            },
            cancellation
        );

    /// <summary>Whether somebody reads it now, or the moment before a burst is kept.</summary>
    /// <param name="session">In which it is looked at.</param>
    /// <param name="snapshot">Which.</param>
    /// <param name="time">The clock.</param>
    /// <param name="ofBursts">The latter alone.</param>
    internal static bool IsRead(Session session, SnapshotRecord snapshot, TimeProvider time, bool ofBursts = false) =>
        session.Number(
            """
            SELECT count(*) FROM read_holds
            WHERE replica_set_id = @ReplicaSetId AND manifest_block = @ManifestBlock AND until > @now
                AND (@ofBursts = 0 OR id GLOB 'burst-*')
            """,
            new
            {
                snapshot.ReplicaSetId,
                snapshot.ManifestBlock,
                ofBursts = ofBursts ? 1 : 0,
                now = time.GetUtcNow().ToUnixTimeMilliseconds(),
            }
        ) > 0;

    /// <summary>Of every replica set, newest first.</summary>
    internal static IEnumerable<SnapshotRecord> All(Session session) =>
        // In the order of the table, which costs nothing; sorting rows of so many columns does. Those of one optime keep it.
        session
            .Query($"SELECT {Columns} FROM snapshots ORDER BY ordinal DESC", Snapshot)
            .OrderByDescending(static one => one.Optime);

    internal static List<SnapshotRecord> OfCut(Session session, string cutId) =>
        session.Query($"SELECT {Columns} FROM snapshots WHERE cut_id = @cutId", Snapshot, new { cutId });

    private static long Others(Session session, SnapshotRecord snapshot) =>
        session.Number(
            "SELECT count(*) FROM snapshots WHERE replica_set_id = @ReplicaSetId AND id <> @Id",
            new { snapshot.ReplicaSetId, snapshot.Id }
        );

    private static SnapshotRecord? Find(Session session, string id) =>
        session.Find($"SELECT {Columns} FROM snapshots WHERE id = @id", Snapshot, new { id });

    private static SnapshotRecord FindLoose(Session session, string id)
    {
        var found = Find(session, id) ?? throw MetadataErrors.Missing("snapshot", id);
        return found.CutId is { } cut ? throw MetadataErrors.Part(id, cut) : found;
    }

    internal static void Add(Session session, SnapshotRecord snapshot)
    {
        SqliteDeployments.RequireReplicaSet(session, snapshot.ReplicaSetId);
        session.Execute(
            $"""
            INSERT INTO snapshots ({Columns})
            VALUES (@Id, @ReplicaSetId, @t, @i, @term, @ManifestBlock, @Documents, @RawBytes, @NewBytes,
                @StoredBytes, @DurationSeconds, @Trigger, @created, @expires, @SyncId, @rt, @ri, @rterm, @Filters, @CutId,
                @pinned)
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
                snapshot.CutId,
                pinned = snapshot.PinnedAt?.ToUnixTimeMilliseconds(),
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
            CutId = row.TextOrNull(),
            PinnedAt = row.TimeOrNull(),
        };
}

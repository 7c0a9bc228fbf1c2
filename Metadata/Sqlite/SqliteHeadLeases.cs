namespace Backup.Metadata.Sqlite;

internal sealed class SqliteHeadLeases(ITransactions database, TimeProvider time) : IHeadLeases
{
    private const string Columns = """
        replica_set_id, daemon_id, session, fence, wish, granted_at, live_t, live_i, live_term,
        trouble_code, trouble_message, trouble_hint
        """;

    private const string Held = "replica_set_id = @ReplicaSetId AND fence = @Fence AND daemon_id = @DaemonId";

    public Task<HeadLease?> FindAsync(string replicaSetId, CancellationToken cancellation = default) =>
        database.ReadAsync(session => Find(session, replicaSetId), cancellation);

    public async Task<IReadOnlyList<HeadLease>> ListAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session => session.Query($"SELECT {Columns} FROM head_leases ORDER BY replica_set_id", Lease),
            cancellation
        );

    public Task<HeadLease?> GrantAsync(
        string replicaSetId,
        string daemonId,
        string session,
        HeadLease? seen,
        IReadOnlyCollection<Guid>? storeSessions = null,
        CancellationToken cancellation = default
    ) => database.WriteAsync(work => Grant(work, replicaSetId, daemonId, session, seen, storeSessions), cancellation);

    public Task<bool> ReleaseAsync(HeadLease held, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session => session.Execute($"UPDATE head_leases SET daemon_id = NULL WHERE {Held}", Of(held)) > 0,
            cancellation
        );

    public Task WishAsync(string replicaSetId, string? daemonId, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                SqliteDeployments.RequireReplicaSet(session, replicaSetId);
                if (daemonId is not null)
                {
                    SqliteDaemons.Require(session, daemonId);
                }

                session.Execute(
                    """
                    INSERT INTO head_leases (replica_set_id, session, fence, wish, granted_at)
                    VALUES (@replicaSetId, '', 0, @daemonId, @now)
                    ON CONFLICT (replica_set_id) DO UPDATE SET wish = excluded.wish
                    """,
                    new
                    {
                        replicaSetId,
                        daemonId,
                        now = Now,
                    }
                );
            },
            cancellation
        );

    /// <exception cref="Foundation.Errors.BackupException">6018, 6320.</exception>
    internal static void Require(Session session, HeadProof proof)
    {
        var held = new
        {
            proof.ReplicaSetId,
            proof.DaemonId,
            proof.Fence,
        };
        if (session.Number($"SELECT count(*) FROM head_leases WHERE {Held}", held) == 0)
        {
            throw IsRevoked(session, proof)
                ? MetadataErrors.SessionRevoked($"replica set '{proof.ReplicaSetId}'")
                : MetadataErrors.HeadFenced(proof.ReplicaSetId, proof.DaemonId, proof.Fence);
        }
    }

    /// <summary>Whether that lease, which is over, ended with a session of a store.</summary>
    private static bool IsRevoked(Session session, HeadProof proof) =>
        session.Find(
            "SELECT store_sessions FROM head_leases WHERE replica_set_id = @ReplicaSetId AND fence = @Fence",
            static row => row.Text(),
            new { proof.ReplicaSetId, proof.Fence }
        )
            is { } sessions
        && SqliteStoreSessions.IsAnyRevoked(session, SqliteStoreSessions.Split(sessions));

    internal static void ReleaseAll(Session session, string daemonId) =>
        session.Execute("UPDATE head_leases SET daemon_id = NULL WHERE daemon_id = @daemonId", new { daemonId });

    internal static void Report(Session session, DaemonReport daemon, HeadReport head) =>
        session.Execute(
            """
            UPDATE head_leases SET live_t = @t, live_i = @i, live_term = @term,
                trouble_code = @TroubleCode, trouble_message = @TroubleMessage, trouble_hint = @TroubleHint
            WHERE replica_set_id = @ReplicaSetId AND fence = @Fence AND daemon_id = @daemonId
            """,
            new
            {
                head.ReplicaSetId,
                head.Fence,
                daemonId = daemon.Id,
                t = head.Live is { } seconds ? seconds.T : (long?)null,
                i = head.Live is { } ordinal ? ordinal.I : (long?)null,
                term = head.Live?.Term,
                head.TroubleCode,
                head.TroubleMessage,
                head.TroubleHint,
            }
        );

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    private HeadLease? Grant(
        Session session,
        string replicaSetId,
        string daemonId,
        string run,
        HeadLease? seen,
        IReadOnlyCollection<Guid>? storeSessions
    )
    {
        if (SqliteStoreSessions.IsAnyRevoked(session, storeSessions ?? []))
        {
            throw MetadataErrors.SessionRevoked($"replica set '{replicaSetId}'");
        }

        SqliteDeployments.RequireReplicaSet(session, replicaSetId);
        var stored = Find(session, replicaSetId);
        if ((stored?.Fence ?? 0) != (seen?.Fence ?? 0) || stored?.DaemonId != seen?.DaemonId)
        {
            return null;
        }

        session.Execute(
            """
            INSERT INTO head_leases (replica_set_id, daemon_id, session, fence, granted_at, store_sessions)
            VALUES (@replicaSetId, @daemonId, @run, 1, @now, @sessions)
            ON CONFLICT (replica_set_id) DO UPDATE SET daemon_id = excluded.daemon_id, session = excluded.session,
                fence = fence + 1, granted_at = excluded.granted_at, store_sessions = excluded.store_sessions,
                wish = CASE wish WHEN excluded.daemon_id THEN NULL ELSE wish END,
                trouble_code = NULL, trouble_message = NULL, trouble_hint = NULL
            """,
            new
            {
                replicaSetId,
                daemonId,
                run,
                now = Now,
                sessions = SqliteStoreSessions.Join(storeSessions),
            }
        );
        return Find(session, replicaSetId);
    }

    private static object Of(HeadLease held) =>
        new
        {
            held.ReplicaSetId,
            held.DaemonId,
            held.Fence,
        };

    private static HeadLease? Find(Session session, string replicaSetId) =>
        session.Find(
            $"SELECT {Columns} FROM head_leases WHERE replica_set_id = @replicaSetId",
            Lease,
            new { replicaSetId }
        );

    private static HeadLease Lease(Row row) =>
        new(
            row.Text(),
            row.TextOrNull(),
            row.Text(),
            row.Long(),
            row.TextOrNull(),
            row.Time(),
            row.OptimeOrNull(),
            row.TextOrNull(),
            row.TextOrNull(),
            row.TextOrNull()
        );
}

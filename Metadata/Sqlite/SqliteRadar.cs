using Backup.Metadata.Alerting;

namespace Backup.Metadata.Sqlite;

internal sealed class SqliteRadar(ITransactions database, TimeProvider time) : IRadar
{
    private const string Columns = """
        id, deployment_id, namespace, kinds, first_t, first_i, first_term, last_at, documents, most, usual, span_ms, kept_until, ended_at,
        (SELECT count(*) FROM read_holds WHERE id GLOB 'burst-' || bursts.id || '-*' AND until > @now)
        """;

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    public Task<RadarRecord?> FindAsync(string replicaSetId, CancellationToken cancellation = default) =>
        database.ReadAsync(
            session =>
                session.Find(
                    "SELECT replica_set_id, since_t, through_t, through_i, through_term FROM radars WHERE replica_set_id = @replicaSetId",
                    static row => new RadarRecord(row.Text(), checked((uint)row.Long()), row.Optime()),
                    new { replicaSetId }
                ),
            cancellation
        );

    public async Task<IReadOnlyList<LearntRates>> RatesAsync(
        string replicaSetId,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    "SELECT namespace, content FROM learnt_rates WHERE replica_set_id = @replicaSetId ORDER BY namespace",
                    static row => new LearntRates(row.Text(), row.Bytes()),
                    new { replicaSetId }
                ),
            cancellation
        );

    public Task SaveAsync(
        RadarRecord radar,
        IReadOnlyList<LearntRates> changed,
        IReadOnlyList<string> forgotten,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
            {
                SqliteDeployments.RequireReplicaSet(session, radar.ReplicaSetId);
                session.Execute(
                    """
                    INSERT OR REPLACE INTO radars (replica_set_id, since_t, through_t, through_i, through_term)
                    VALUES (@ReplicaSetId, @since, @t, @i, @term)
                    """,
                    new
                    {
                        radar.ReplicaSetId,
                        since = (long)radar.Since,
                        t = (long)radar.Through.T,
                        i = (long)radar.Through.I,
                        term = radar.Through.Term,
                    }
                );
                foreach (var ns in forgotten)
                {
                    session.Execute(
                        "DELETE FROM learnt_rates WHERE replica_set_id = @ReplicaSetId AND namespace = @ns",
                        new { radar.ReplicaSetId, ns }
                    );
                }

                foreach (var one in changed)
                {
                    session.Execute(
                        """
                        INSERT OR REPLACE INTO learnt_rates (replica_set_id, namespace, content)
                        VALUES (@ReplicaSetId, @Namespace, @Content)
                        """,
                        new
                        {
                            radar.ReplicaSetId,
                            one.Namespace,
                            one.Content,
                        }
                    );
                }
            },
            cancellation
        );

    public Task<BurstRecord> RecordAsync(
        BurstSighting sighting,
        DateTimeOffset keptUntil,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
            {
                var open = session.Find(
                    $"""
                    SELECT {Columns} FROM bursts
                    WHERE deployment_id = @DeploymentId AND namespace = @Namespace AND ended_at IS NULL AND kept_until > @now
                        AND last_at >= @recently
                    ORDER BY ordinal DESC LIMIT 1
                    """,
                    Burst,
                    new
                    {
                        sighting.DeploymentId,
                        sighting.Namespace,
                        now = Now,
                        recently = sighting.First.WallClock.ToUnixTimeMilliseconds()
                            - (long)MassChange.SameBurst.TotalMilliseconds,
                    }
                );
                var burst = open is null ? New(sighting, keptUntil) : Grown(open, sighting);
                Store(session, burst);
                return burst;
            },
            cancellation
        );

    public async Task<IReadOnlyList<BurstRecord>> OpenAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    $"SELECT {Columns} FROM bursts WHERE ended_at IS NULL AND kept_until > @now ORDER BY ordinal",
                    Burst,
                    new { now = Now }
                ),
            cancellation
        );

    public Task<BurstRecord?> FindBurstAsync(string id, CancellationToken cancellation = default) =>
        database.ReadAsync(
            session => session.Find($"SELECT {Columns} FROM bursts WHERE id = @id", Burst, new { id, now = Now }),
            cancellation
        );

    public Task<int> EndResolvedAsync(CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                // What somebody resolved while it was still so: any other end comes of the burst's own.
                var ended = session.Query(
                    """
                    SELECT id FROM bursts WHERE ended_at IS NULL AND kept_until > @now AND EXISTS (
                        SELECT 1 FROM alerts WHERE condition = @condition AND subject = bursts.id AND still_so = 1
                    )
                    """,
                    static row => row.Text(),
                    new { now = Now, condition = MassChange.Condition }
                );
                foreach (var id in ended)
                {
                    session.Execute("UPDATE bursts SET ended_at = @now WHERE id = @id", new { id, now = Now });
                    session.Execute("DELETE FROM read_holds WHERE id GLOB 'burst-' || @id || '-*'", new { id });
                }

                return ended.Count;
            },
            cancellation
        );

    public Task<int> PruneAsync(DateTimeOffset before, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
                session.Execute(
                    "DELETE FROM bursts WHERE coalesce(ended_at, kept_until) < @before",
                    new { before = before.ToUnixTimeMilliseconds() }
                ),
            cancellation
        );

    private BurstRecord New(BurstSighting seen, DateTimeOffset keptUntil) =>
        new(
            Guid.CreateVersion7(time.GetUtcNow()).ToString("N"),
            seen.DeploymentId,
            seen.Namespace,
            seen.Kinds,
            seen.First,
            seen.LastAt,
            seen.Documents,
            seen.Most,
            seen.Usual,
            seen.Span,
            keptUntil
        );

    private static BurstRecord Grown(BurstRecord open, BurstSighting seen)
    {
        var worse = seen.Factor > open.Factor;
        return open with
        {
            Kinds = open.Kinds | seen.Kinds,
            First = seen.First < open.First ? seen.First : open.First,
            LastAt = seen.LastAt > open.LastAt ? seen.LastAt : open.LastAt,
            Documents = open.Documents + seen.Documents,
            Most = worse ? seen.Most : open.Most,
            Usual = worse ? seen.Usual : open.Usual,
            Span = worse ? seen.Span : open.Span,
        };
    }

    private static void Store(Session session, BurstRecord burst) =>
        session.Execute(
            """
            INSERT INTO bursts (
                id, deployment_id, namespace, kinds, first_t, first_i, first_term, last_at, documents, most, usual, span_ms, kept_until
            )
            VALUES (@Id, @DeploymentId, @Namespace, @kinds, @t, @i, @term, @last, @Documents, @Most, @Usual, @span, @kept)
            ON CONFLICT (id) DO UPDATE SET kinds = excluded.kinds, first_t = excluded.first_t, first_i = excluded.first_i,
                first_term = excluded.first_term, last_at = excluded.last_at, documents = excluded.documents, most = excluded.most,
                usual = excluded.usual, span_ms = excluded.span_ms
            """,
            new
            {
                burst.Id,
                burst.DeploymentId,
                burst.Namespace,
                kinds = (int)burst.Kinds,
                t = (long)burst.First.T,
                i = (long)burst.First.I,
                term = burst.First.Term,
                last = burst.LastAt.ToUnixTimeMilliseconds(),
                burst.Documents,
                burst.Most,
                burst.Usual,
                span = (long)burst.Span.TotalMilliseconds,
                kept = burst.KeptUntil.ToUnixTimeMilliseconds(),
            }
        );

    private static BurstRecord Burst(Row row) =>
        new(
            row.Text(),
            row.Text(),
            row.Text(),
            (BurstKinds)row.Int(),
            row.Optime(),
            row.Time(),
            row.Long(),
            row.Long(),
            row.Long(),
            row.Duration(),
            row.Time()
        )
        {
            EndedAt = row.TimeOrNull(),
            HeldSets = row.Int(),
        };
}

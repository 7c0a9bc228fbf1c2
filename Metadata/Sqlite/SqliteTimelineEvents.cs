namespace Backup.Metadata.Sqlite;

/// <summary>Rows of timeline_events.</summary>
internal static class SqliteTimelineEvents
{
    private const string Columns = "replica_set_id, sync_id, at_t, at_i, at_term, kind, namespace, text, recorded_at";

    internal static void Add(Session session, TimelineEvent added) =>
        session.Execute(
            $"""
            INSERT INTO timeline_events ({Columns})
            SELECT @ReplicaSetId, @SyncId, @t, @i, @term, @kind, @Namespace, @Text, @recorded
            WHERE NOT EXISTS (
                SELECT 1 FROM timeline_events
                WHERE replica_set_id = @ReplicaSetId AND sync_id = @SyncId AND kind = @kind
                    AND at_t = @t AND at_i = @i AND namespace IS @Namespace AND text = @Text)
            """,
            new
            {
                added.ReplicaSetId,
                added.SyncId,
                t = (long)added.At.T,
                i = (long)added.At.I,
                term = added.At.Term,
                kind = (int)added.Kind,
                added.Namespace,
                added.Text,
                recorded = added.RecordedAt.ToUnixTimeMilliseconds(),
            }
        );

    internal static List<TimelineEvent> List(Session session, string replicaSetId) =>
        session.Query(
            $"SELECT {Columns} FROM timeline_events WHERE replica_set_id = @replicaSetId ORDER BY ordinal",
            Event,
            new { replicaSetId }
        );

    /// <summary>Of every replica set, oldest first.</summary>
    internal static List<TimelineEvent> All(Session session) =>
        session.Query($"SELECT {Columns} FROM timeline_events ORDER BY ordinal", Event);

    private static TimelineEvent Event(Row row) =>
        new(
            row.Text(),
            row.Text(),
            row.Optime(),
            (TimelineEventKind)row.Int(),
            row.TextOrNull(),
            row.Text(),
            row.Time()
        );
}

namespace Backup.Metadata.Sqlite;

internal sealed class SqliteHeads(ITransactions database) : IHeads
{
    private const string Columns = """
        replica_set_id, sync_id, manifest_block, optime_t, optime_i, optime_term, replay_t, replay_i, replay_term,
        consistent, new_bytes, updated_at
        """;

    public Task<HeadRecord?> FindAsync(string replicaSetId, CancellationToken cancellation = default) =>
        database.ReadAsync(
            session =>
                session.Find(
                    $"SELECT {Columns} FROM heads WHERE replica_set_id = @replicaSetId",
                    Head,
                    new { replicaSetId }
                ),
            cancellation
        );

    internal static List<HeadRecord> List(Session session) => session.Query($"SELECT {Columns} FROM heads", Head);

    private static HeadRecord Head(Row row) =>
        new(row.Text(), row.Text(), row.Text(), row.Optime(), row.Optime(), row.Flag(), row.Long(), row.Time());

    public Task SetAsync(HeadRecord head, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                SqliteDeployments.RequireReplicaSet(session, head.ReplicaSetId);
                Set(session, head);
            },
            cancellation
        );

    public Task SetAsync(HeadRecord head, SnapshotRecord snapshot, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                SqliteSnapshots.Add(session, snapshot);
                Set(session, head);
            },
            cancellation
        );

    public Task<bool> CrossAsync(HeadRecord head, Seam seam, CancellationToken cancellation = default) =>
        database.WriteAsync(session => Cross(session, head, seam), cancellation);

    public async Task<IReadOnlyList<TimelineEvent>> EventsAsync(
        string replicaSetId,
        CancellationToken cancellation = default
    ) => await database.ReadAsync(session => SqliteTimelineEvents.List(session, replicaSetId), cancellation);

    public Task AddEventAsync(TimelineEvent added, CancellationToken cancellation = default) =>
        database.WriteAsync(session => SqliteTimelineEvents.Add(session, added), cancellation);

    private static bool Cross(Session session, HeadRecord head, Seam seam)
    {
        if (seam.PartialSyncId is { } partial)
        {
            if (SyncRows.Find(session, partial) is not { State: SyncState.Copied } found || found.Beside != head.SyncId)
            {
                return false;
            }

            SqlitePartialSyncs.End(session, partial, SyncState.Built);
        }

        SqliteSnapshots.Add(session, seam.Snapshot);
        Set(session, head);
        foreach (var one in seam.Events)
        {
            SqliteTimelineEvents.Add(session, one);
            if (one is { Kind: TimelineEventKind.Copied, Namespace: { } ns })
            {
                SqliteHoles.CloseCollection(session, head.SyncId, ns, one.At);
            }
        }

        return true;
    }

    internal static void Set(Session session, HeadRecord head) =>
        session.Execute(
            $"""
            INSERT OR REPLACE INTO heads ({Columns})
            VALUES (@ReplicaSetId, @SyncId, @ManifestBlock, @ot, @oi, @oterm, @rt, @ri, @rterm, @Consistent, @NewBytes, @updated)
            """,
            new
            {
                head.ReplicaSetId,
                head.SyncId,
                head.ManifestBlock,
                ot = (long)head.Optime.T,
                oi = (long)head.Optime.I,
                oterm = head.Optime.Term,
                rt = (long)head.ReplayFrom.T,
                ri = (long)head.ReplayFrom.I,
                rterm = head.ReplayFrom.Term,
                head.Consistent,
                head.NewBytes,
                updated = head.UpdatedAt.ToUnixTimeMilliseconds(),
            }
        );
}

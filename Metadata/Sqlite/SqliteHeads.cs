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
                    row => new HeadRecord(
                        row.Text(),
                        row.Text(),
                        row.Text(),
                        row.Optime(),
                        row.Optime(),
                        row.Flag(),
                        row.Long(),
                        row.Time()
                    ),
                    new { replicaSetId }
                ),
            cancellation
        );

    public Task SetAsync(HeadRecord head, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                SqliteDeployments.RequireReplicaSet(session, head.ReplicaSetId);
                Set(session, head);
            },
            cancellation
        );

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

using Backup.Foundation;

namespace Backup.Metadata.Sqlite;

internal sealed class SqliteReadHolds(ITransactions database, TimeProvider time) : IReadHolds
{
    private const string Columns = "id, replica_set_id, sync_id, from_t, from_i, from_term, manifest_block, until";

    public Task SetAsync(ReadHold hold, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                SqliteDeployments.RequireReplicaSet(session, hold.ReplicaSetId);
                // Those that ran out belong to readers that died.
                session.Execute("DELETE FROM read_holds WHERE until <= @now", new { now = Now(time) });
                session.Execute(
                    $"""
                    INSERT OR REPLACE INTO read_holds ({Columns})
                    VALUES (@Id, @ReplicaSetId, @SyncId, @t, @i, @term, @ManifestBlock, @until)
                    """,
                    new
                    {
                        hold.Id,
                        hold.ReplicaSetId,
                        hold.SyncId,
                        t = (long)hold.From.T,
                        i = (long)hold.From.I,
                        term = hold.From.Term,
                        hold.ManifestBlock,
                        until = hold.Until.ToUnixTimeMilliseconds(),
                    }
                );
            },
            cancellation
        );

    public Task ReleaseAsync(string id, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                session.Execute("DELETE FROM read_holds WHERE id = @id", new { id });
            },
            cancellation
        );

    public async Task<IReadOnlyList<ReadHold>> ListAsync(
        string replicaSetId,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    $"SELECT {Columns} FROM read_holds WHERE replica_set_id = @replicaSetId AND until > @now ORDER BY id",
                    Hold,
                    new { replicaSetId, now = Now(time) }
                ),
            cancellation
        );

    /// <summary>Of every replica set: those that have not run out.</summary>
    internal static List<ReadHold> All(Session session, TimeProvider time) =>
        session.Query(
            $"SELECT {Columns} FROM read_holds WHERE until > @now ORDER BY id",
            Hold,
            new { now = Now(time) }
        );

    private static ReadHold Hold(Row row) =>
        new(row.Text(), row.Text(), row.Text(), row.Optime(), row.Text(), row.Time());

    /// <summary>The oldest entry that somebody reads from now; null where nobody does.</summary>
    internal static Optime? OldestOf(Session session, string syncId, TimeProvider time)
    {
        var from = session.Query(
            """
            SELECT from_t, from_i, from_term FROM read_holds WHERE sync_id = @syncId AND until > @now
            ORDER BY from_t, from_i LIMIT 1
            """,
            row => row.Optime(),
            new { syncId, now = Now(time) }
        );
        return from.Count == 0 ? null : from[0];
    }

    private static long Now(TimeProvider time) => time.GetUtcNow().ToUnixTimeMilliseconds();
}

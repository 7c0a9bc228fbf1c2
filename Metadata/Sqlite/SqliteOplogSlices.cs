using Backup.Foundation;

namespace Backup.Metadata.Sqlite;

internal sealed class SqliteOplogSlices(SqliteDatabase database) : IOplogSlices
{
    private const string Columns = """
        replica_set_id, sync_id, sequence, previous_t, previous_i, previous_term, first_t, first_i, first_term,
        last_t, last_i, last_term, entries, object_name, raw_length, stored_length, sha256, received_at
        """;

    public Task<bool> AddAsync(OplogSlice slice, CancellationToken cancellation = default) =>
        database.WriteAsync(session => Add(session, slice), cancellation);

    public Task<OplogSlice?> FindAsync(string syncId, long sequence, CancellationToken cancellation = default) =>
        database.ReadAsync(
            session =>
                session.Find(
                    $"SELECT {Columns} FROM oplog_slices WHERE sync_id = @syncId AND sequence = @sequence",
                    Slice,
                    new { syncId, sequence }
                ),
            cancellation
        );

    public Task<OplogSlice?> NewestAsync(string syncId, CancellationToken cancellation = default) =>
        database.ReadAsync(session => Newest(session, syncId), cancellation);

    public async Task<IReadOnlyList<OplogSlice>> AfterAsync(
        string syncId,
        Optime after,
        int limit,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    $"""
                    SELECT {Columns} FROM oplog_slices
                    WHERE sync_id = @syncId AND (last_t, last_i) > (@t, @i)
                    ORDER BY last_t, last_i, sequence LIMIT @limit
                    """,
                    Slice,
                    new
                    {
                        syncId,
                        t = (long)after.T,
                        i = (long)after.I,
                        limit,
                    }
                ),
            cancellation
        );

    public async Task<IReadOnlyList<string>> RemoveBeforeAsync(
        string syncId,
        Optime before,
        CancellationToken cancellation = default
    ) => await database.WriteAsync(session => RemoveBefore(session, syncId, before), cancellation);

    public Task AddHoleAsync(OplogHole hole, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                SqliteDeployments.RequireReplicaSet(session, hole.ReplicaSetId);
                session.Execute(
                    """
                    INSERT INTO oplog_holes (replica_set_id, from_t, from_i, from_term, to_t, to_i, to_term, cause, at)
                    VALUES (@ReplicaSetId, @ft, @fi, @fterm, @tt, @ti, @tterm, @Cause, @at)
                    """,
                    new
                    {
                        hole.ReplicaSetId,
                        ft = (long)hole.From.T,
                        fi = (long)hole.From.I,
                        fterm = hole.From.Term,
                        tt = (long)hole.To.T,
                        ti = (long)hole.To.I,
                        tterm = hole.To.Term,
                        hole.Cause,
                        at = hole.At.ToUnixTimeMilliseconds(),
                    }
                );
            },
            cancellation
        );

    public async Task<IReadOnlyList<OplogHole>> HolesAsync(
        string replicaSetId,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    """
                    SELECT replica_set_id, from_t, from_i, from_term, to_t, to_i, to_term, cause, at
                    FROM oplog_holes WHERE replica_set_id = @replicaSetId ORDER BY from_t, from_i, ordinal
                    """,
                    row => new OplogHole(row.Text(), row.Optime(), row.Optime(), row.Text(), row.Time()),
                    new { replicaSetId }
                ),
            cancellation
        );

    private static bool Add(Session session, OplogSlice slice)
    {
        var sync = SqliteSyncs.Find(session, slice.SyncId) ?? throw MetadataErrors.Missing("sync", slice.SyncId);
        if (sync.State is SyncState.Abandoned || sync.ReplicaSetId != slice.ReplicaSetId)
        {
            throw MetadataErrors.NotCurrent(slice.SyncId);
        }

        var newest = Newest(session, slice.SyncId);
        var follows = newest is null
            ? slice.Sequence == 0
            : slice.Sequence == newest.Sequence + 1 && slice.Previous == newest.Last;
        if (!follows)
        {
            return false;
        }

        session.Execute(
            $"""
            INSERT INTO oplog_slices ({Columns})
            VALUES (@ReplicaSetId, @SyncId, @Sequence, @pt, @pi, @pterm, @ft, @fi, @fterm, @lt, @li, @lterm, @Entries,
                @ObjectName, @RawLength, @StoredLength, @Sha256, @received)
            """,
            new
            {
                slice.ReplicaSetId,
                slice.SyncId,
                slice.Sequence,
                pt = (long)slice.Previous.T,
                pi = (long)slice.Previous.I,
                pterm = slice.Previous.Term,
                ft = (long)slice.First.T,
                fi = (long)slice.First.I,
                fterm = slice.First.Term,
                lt = (long)slice.Last.T,
                li = (long)slice.Last.I,
                lterm = slice.Last.Term,
                slice.Entries,
                slice.ObjectName,
                slice.RawLength,
                slice.StoredLength,
                slice.Sha256,
                received = slice.ReceivedAt.ToUnixTimeMilliseconds(),
            }
        );
        return true;
    }

    private static List<string> RemoveBefore(Session session, string syncId, Optime before)
    {
        const string doomed = """
            FROM oplog_slices
            WHERE sync_id = @syncId AND (last_t, last_i) < (@t, @i)
                AND sequence < (SELECT max(sequence) FROM oplog_slices WHERE sync_id = @syncId)
            """;
        var arguments = new
        {
            syncId,
            t = (long)before.T,
            i = (long)before.I,
        };
        var names = session.Query($"SELECT object_name {doomed} ORDER BY sequence", row => row.Text(), arguments);
        session.Execute($"DELETE {doomed}", arguments);
        return names;
    }

    private static OplogSlice? Newest(Session session, string syncId) =>
        session.Find(
            $"SELECT {Columns} FROM oplog_slices WHERE sync_id = @syncId ORDER BY sequence DESC LIMIT 1",
            Slice,
            new { syncId }
        );

    private static OplogSlice Slice(Row row) =>
        new(
            row.Text(),
            row.Text(),
            row.Long(),
            row.Optime(),
            row.Optime(),
            row.Optime(),
            row.Int(),
            row.Text(),
            row.Int(),
            row.Int(),
            row.Bytes(),
            row.Time()
        );
}

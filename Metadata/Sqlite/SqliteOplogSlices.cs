using Backup.Foundation;

namespace Backup.Metadata.Sqlite;

internal sealed class SqliteOplogSlices(ITransactions database, TimeProvider time) : IOplogSlices
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

    public async Task<IReadOnlyDictionary<string, Optime>> NewestAsync(CancellationToken cancellation = default) =>
        (
            await database.ReadAsync(
                static session =>
                    session.Query(
                        """
                        SELECT slices.sync_id, slices.last_t, slices.last_i, slices.last_term
                        FROM replica_sets AS sets
                        JOIN oplog_slices AS slices ON slices.sync_id = sets.sync_id
                            AND slices.sequence = (SELECT max(sequence) FROM oplog_slices WHERE sync_id = sets.sync_id)
                        """,
                        static row => (SyncId: row.Text(), Last: row.Optime())
                    ),
                cancellation
            )
        ).ToDictionary(static one => one.SyncId, static one => one.Last, StringComparer.Ordinal);

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

    public Task<OplogExtent?> ExtentAsync(string syncId, CancellationToken cancellation = default) =>
        database.ReadAsync(session => Extent(session, syncId), cancellation);

    public Task<long> RawBytesAsync(
        string syncId,
        Optime after,
        Optime through,
        CancellationToken cancellation = default
    ) =>
        database.ReadAsync(
            session =>
                session.Number(
                    """
                    SELECT coalesce(sum(raw_length), 0) FROM oplog_slices
                    WHERE sync_id = @syncId AND (last_t, last_i) > (@at, @ai) AND (first_t, first_i) <= (@tt, @ti)
                    """,
                    new
                    {
                        syncId,
                        at = (long)after.T,
                        ai = (long)after.I,
                        tt = (long)through.T,
                        ti = (long)through.I,
                    }
                ),
            cancellation
        );

    public Task<int> RemoveBeforeAsync(string syncId, Optime before, CancellationToken cancellation = default) =>
        database.WriteAsync(session => RemoveBefore(session, syncId, before, time), cancellation);

    public async Task<IReadOnlyList<string>> DoomedAsync(int limit, CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    "SELECT name FROM doomed_objects ORDER BY name LIMIT @limit",
                    row => row.Text(),
                    new { limit }
                ),
            cancellation
        );

    public Task DeletedAsync(IReadOnlyList<string> objectNames, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                foreach (var name in objectNames)
                {
                    session.Execute("DELETE FROM doomed_objects WHERE name = @name", new { name });
                }
            },
            cancellation
        );

    public Task AddHoleAsync(OplogHole hole, CancellationToken cancellation = default) =>
        database.WriteAsync(session => SqliteHoles.Add(session, hole), cancellation);

    public async Task<IReadOnlyList<OplogHole>> HolesAsync(
        string replicaSetId,
        CancellationToken cancellation = default
    ) => await database.ReadAsync(session => SqliteHoles.List(session, replicaSetId), cancellation);

    public Task RemoveHolesAsync(string syncId, HoleKind kind, CancellationToken cancellation = default) =>
        database.WriteAsync(session => SqliteHoles.RemoveOpen(session, syncId, kind), cancellation);

    private static bool Add(Session session, OplogSlice slice)
    {
        var sync = SyncRows.Find(session, slice.SyncId) ?? throw MetadataErrors.Missing("sync", slice.SyncId);
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

    private static int RemoveBefore(Session session, string syncId, Optime before, TimeProvider time)
    {
        if (SqliteReadHolds.OldestOf(session, syncId, time) is { } read && read < before)
        {
            before = read;
        }

        foreach (var partial in SyncRows.Beside(session, syncId))
        {
            var isReplayed = partial.State is SyncState.Copying or SyncState.Copied;
            before = isReplayed && partial.Begin < before ? partial.Begin : before;
        }

        const string doomed = """
            FROM oplog_slices
            WHERE sync_id = @syncId AND (last_t, last_i) < (@t, @i)
                AND (sequence < (SELECT max(sequence) FROM oplog_slices WHERE sync_id = @syncId)
                    OR (SELECT state FROM syncs WHERE id = @syncId) = @abandoned)
            """;
        var arguments = new
        {
            syncId,
            t = (long)before.T,
            i = (long)before.I,
            abandoned = (int)SyncState.Abandoned,
        };
        session.Execute($"INSERT OR IGNORE INTO doomed_objects (name) SELECT object_name {doomed}", arguments);
        return session.Execute($"DELETE {doomed}", arguments);
    }

    internal static OplogExtent? Extent(Session session, string syncId)
    {
        var newest = Newest(session, syncId);
        var oldest = newest is null
            ? null
            : session.Find(
                $"SELECT {Columns} FROM oplog_slices WHERE sync_id = @syncId ORDER BY sequence LIMIT 1",
                Slice,
                new { syncId }
            );
        return newest is null ? null : new OplogExtent(oldest!.Previous, oldest.First, newest.Last);
    }

    internal static OplogSlice? Newest(Session session, string syncId) =>
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

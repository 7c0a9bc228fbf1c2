using Backup.Foundation;

namespace Backup.Metadata.Sqlite;

/// <summary>Rows of oplog_holes, for those who change them in a transaction of their own.</summary>
internal static class SqliteHoles
{
    private const string Columns = """
        replica_set_id, from_t, from_i, from_term, to_t, to_i, to_term, cause, at, kind, sync_id, code, namespace
        """;

    internal static void Add(Session session, OplogHole hole)
    {
        SqliteDeployments.RequireReplicaSet(session, hole.ReplicaSetId);
        session.Execute(
            $"""
            INSERT INTO oplog_holes ({Columns})
            SELECT @ReplicaSetId, @ft, @fi, @fterm, @tt, @ti, @tterm, @Cause, @at, @kind, @SyncId, @Code, @Namespace
            WHERE NOT EXISTS (
                SELECT 1 FROM oplog_holes
                WHERE replica_set_id = @ReplicaSetId AND sync_id = @SyncId AND kind = @kind
                    AND from_t = @ft AND from_i = @fi AND namespace IS @Namespace)
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
                kind = (int)hole.Kind,
                hole.SyncId,
                hole.Code,
                hole.Namespace,
            }
        );
    }

    internal static List<OplogHole> List(Session session, string replicaSetId) =>
        session.Query(
            $"SELECT {Columns} FROM oplog_holes WHERE replica_set_id = @replicaSetId ORDER BY from_t, from_i, ordinal",
            Hole,
            new { replicaSetId }
        );

    /// <summary>Of every replica set, oldest first.</summary>
    internal static List<OplogHole> All(Session session) =>
        session.Query($"SELECT {Columns} FROM oplog_holes ORDER BY from_t, from_i, ordinal", Hole);

    internal static void RemoveOpen(Session session, string syncId, HoleKind kind) =>
        session.Execute(
            "DELETE FROM oplog_holes WHERE sync_id = @syncId AND kind = @kind AND to_t = 0 AND to_i = 0",
            new { syncId, kind = (int)kind }
        );

    /// <summary>What is open of other syncs ends where this one can be restored from.</summary>
    internal static void CloseOthers(Session session, string replicaSetId, string syncId, Optime end) =>
        session.Execute(
            """
            UPDATE oplog_holes SET to_t = @t, to_i = @i, to_term = @term
            WHERE replica_set_id = @replicaSetId AND sync_id <> @syncId AND to_t = 0 AND to_i = 0
            """,
            new
            {
                replicaSetId,
                syncId,
                t = (long)end.T,
                i = (long)end.I,
                term = end.Term,
            }
        );

    /// <summary>A fresh copy of the collection is there from then on.</summary>
    internal static void CloseCollection(Session session, string syncId, string ns, Optime end) =>
        session.Execute(
            """
            UPDATE oplog_holes SET to_t = @t, to_i = @i, to_term = @term
            WHERE sync_id = @syncId AND kind = @kind AND namespace = @ns AND to_t = 0 AND to_i = 0
            """,
            new
            {
                syncId,
                ns,
                kind = (int)HoleKind.CollectionLost,
                t = (long)end.T,
                i = (long)end.I,
                term = end.Term,
            }
        );

    private static OplogHole Hole(Row row) =>
        new(
            row.Text(),
            row.Optime(),
            row.Optime(),
            row.Text(),
            row.Time(),
            (HoleKind)row.Int(),
            row.Text(),
            row.TextOrNull(),
            row.TextOrNull()
        );
}

using System.Text.Json;

namespace Backup.Metadata.Sqlite;

/// <summary>Cuts through all sets of a cluster, and what heads gave for those that are being made.</summary>
internal sealed class SqliteCuts(ITransactions database, TimeProvider time)
{
    private const string Columns = """
        id, cluster_id, kind, cause, state, sets, time_t, time_i, time_term, balancer_rested, code, message, hint,
        created_at, changed_at, expires_at, pinned_at
        """;

    private const string IsOpen = "state < 4";

    internal Task AddAsync(CutRecord cut, CancellationToken cancellation) =>
        database.WriteAsync(
            session =>
            {
                if (Open(session, cut.ClusterId) is not null)
                {
                    throw MetadataErrors.Open(cut.ClusterId);
                }

                session.Execute(
                    $"""
                    INSERT INTO cuts ({Columns})
                    VALUES (@Id, @ClusterId, @kind, @Trigger, @state, @sets, @t, @i, @term, @rested, @Code, @Message,
                        @Hint, @created, @changed, @expires, @pinned)
                    """,
                    Arguments(cut)
                );
            },
            cancellation
        );

    internal async Task<IReadOnlyList<CutRecord>> ListAsync(string clusterId, CancellationToken cancellation) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    $"SELECT {Columns} FROM cuts WHERE cluster_id = @clusterId ORDER BY ordinal DESC",
                    Cut,
                    new { clusterId }
                ),
            cancellation
        );

    internal async Task<IReadOnlyList<CutRecord>> NewestSnapshotsAsync(CancellationToken cancellation) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    $"""
                    SELECT {Columns} FROM cuts WHERE ordinal IN (
                        SELECT (
                            SELECT max(ordinal) FROM cuts WHERE cluster_id = clusters.deployment_id AND state = @complete AND kind = @snapshot
                        ) FROM clusters
                    )
                    ORDER BY ordinal
                    """,
                    Cut,
                    new { complete = (int)CutState.Complete, snapshot = (int)CutKind.Snapshot }
                ),
            cancellation
        );

    internal Task<bool> AdvanceAsync(CutRecord next, CutState from, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((int)next.State, (int)CutState.Complete, nameof(next));
        return database.WriteAsync(
            session => Find(session, next.Id)?.State == from && Store(session, next),
            cancellation
        );
    }

    internal Task<bool> AddPartAsync(string cutId, SnapshotRecord part, CancellationToken cancellation) =>
        database.WriteAsync(session => AddPart(session, cutId, part), cancellation);

    internal Task<bool> AddBuiltPartAsync(
        string cutId,
        SnapshotRecord part,
        PartPremise premise,
        CancellationToken cancellation
    ) =>
        database.WriteAsync(
            session =>
            {
                if (SqliteStoreSessions.IsAnyRevoked(session, premise.Sessions))
                {
                    throw MetadataErrors.SessionRevoked($"the part of replica set '{part.ReplicaSetId}'");
                }

                return premise.StandsIn(SqliteGroupStores.Find(session, premise.GroupId))
                    ? AddPart(session, cutId, part)
                    : throw MetadataErrors.Displaced($"the part of replica set '{part.ReplicaSetId}'");
            },
            cancellation
        );

    internal async Task<IReadOnlyList<SnapshotRecord>> PartsAsync(string cutId, CancellationToken cancellation) =>
        await database.ReadAsync(session => Parts(session, cutId), cancellation);

    internal Task<bool> CompleteAsync(string cutId, DateTimeOffset? expiresAt, CancellationToken cancellation) =>
        database.WriteAsync(
            session =>
            {
                if (Find(session, cutId) is not { State: CutState.Settled } cut)
                {
                    return false;
                }

                var parts = Parts(session, cutId);
                if (cut.Kind == CutKind.Snapshot && cut.Sets.Except(parts.Select(part => part.ReplicaSetId)).Any())
                {
                    return false;
                }

                foreach (var part in parts)
                {
                    SqliteSnapshots.Add(session, part with { ExpiresAt = expiresAt });
                }

                Forget(session, cutId);
                return Store(session, cut with { State = CutState.Complete, ExpiresAt = expiresAt });
            },
            cancellation
        );

    internal Task<bool> FailAsync(
        string cutId,
        string code,
        string message,
        string hint,
        CancellationToken cancellation
    ) =>
        database.WriteAsync(
            session =>
            {
                if (Find(session, cutId) is not { IsOpen: true } cut)
                {
                    return false;
                }

                Forget(session, cutId);
                return Store(
                    session,
                    cut with
                    {
                        State = CutState.Failed,
                        Code = code,
                        Message = message,
                        Hint = hint,
                    }
                );
            },
            cancellation
        );

    internal Task<CutRecord> KeepAsync(string cutId, KeepingChange change, CancellationToken cancellation) =>
        database.WriteAsync(
            session =>
            {
                var cut = FindSnapshot(session, cutId);
                var (pinned, expires) = change.Of(cut.PinnedAt, cut.ExpiresAt, time.GetUtcNow());
                // It came into its state when it was complete: what is wanted of it does not change that.
                var kept = Arguments(cut with { PinnedAt = pinned, ExpiresAt = expires });
                session.Execute("UPDATE cuts SET pinned_at = @pinned, expires_at = @expires WHERE id = @Id", kept);
                session.Execute(
                    "UPDATE snapshots SET pinned_at = @pinned, expires_at = @expires WHERE cut_id = @Id",
                    kept
                );
                return Find(session, cutId)!;
            },
            cancellation
        );

    internal Task<bool> ExpireAsync(CutRecord seen, CancellationToken cancellation) =>
        database.WriteAsync(
            session =>
            {
                if (
                    Find(session, seen.Id) is not { IsOpen: false, PinnedAt: null } now
                    || now.ExpiresAt != seen.ExpiresAt
                    || IsRead(session, seen.Id)
                    || (now.IsSnapshot && Others(session, now) == 0)
                )
                {
                    return false;
                }

                Remove(session, seen.Id);
                return true;
            },
            cancellation
        );

    internal Task DeleteAsync(string cutId, bool evenLast, CancellationToken cancellation) =>
        database.WriteAsync(
            session =>
            {
                var cut = FindSnapshot(session, cutId);
                if (cut.PinnedAt is not null)
                {
                    throw MetadataErrors.Pinned(cutId);
                }

                if (IsRead(session, cutId, ofBursts: true))
                {
                    throw MetadataErrors.Kept(cutId);
                }

                if (IsRead(session, cutId))
                {
                    throw MetadataErrors.BeingRead(cutId);
                }

                if (!evenLast && Others(session, cut) == 0)
                {
                    throw MetadataErrors.Last(cutId);
                }

                Remove(session, cutId);
            },
            cancellation
        );

    internal Task RemoveAsync(string cutId, CancellationToken cancellation) =>
        database.WriteAsync(
            session =>
            {
                var cut = Find(session, cutId) ?? throw MetadataErrors.Missing("cut", cutId);
                if (cut.IsOpen)
                {
                    throw MetadataErrors.Open(cut.ClusterId);
                }

                Remove(session, cutId);
            },
            cancellation
        );

    /// <summary>How many snapshots of the cluster there are beside it.</summary>
    private static long Others(Session session, CutRecord cut) =>
        session.Number(
            "SELECT count(*) FROM cuts WHERE cluster_id = @ClusterId AND kind = @kind AND state = @state AND id <> @Id",
            new
            {
                cut.ClusterId,
                cut.Id,
                kind = (int)CutKind.Snapshot,
                state = (int)CutState.Complete,
            }
        );

    private bool IsRead(Session session, string cutId, bool ofBursts = false) =>
        SqliteSnapshots.OfCut(session, cutId).Exists(part => SqliteSnapshots.IsRead(session, part, time, ofBursts));

    private static CutRecord FindSnapshot(Session session, string cutId) =>
        Find(session, cutId) is { IsSnapshot: true } cut ? cut : throw MetadataErrors.Missing("snapshot", cutId);

    private static void Remove(Session session, string cutId)
    {
        session.Execute("DELETE FROM snapshots WHERE cut_id = @cutId", new { cutId });
        session.Execute("DELETE FROM cuts WHERE id = @cutId", new { cutId });
    }

    /// <summary>Of every cluster, newest first.</summary>
    internal static List<CutRecord> All(Session session) =>
        session.Query($"SELECT {Columns} FROM cuts ORDER BY ordinal DESC", Cut);

    internal static CutRecord? Find(Session session, string id) =>
        session.Find($"SELECT {Columns} FROM cuts WHERE id = @id", Cut, new { id });

    internal static CutRecord? Open(Session session, string clusterId) =>
        session.Find($"SELECT {Columns} FROM cuts WHERE cluster_id = @clusterId AND {IsOpen}", Cut, new { clusterId });

    private bool Store(Session session, CutRecord cut)
    {
        session.Execute(
            """
            UPDATE cuts SET state = @state, time_t = @t, time_i = @i, time_term = @term, balancer_rested = @rested,
                code = @Code, message = @Message, hint = @Hint, changed_at = @changed, expires_at = @expires,
                pinned_at = @pinned
            WHERE id = @Id
            """,
            Arguments(cut with { ChangedAt = time.GetUtcNow() })
        );
        return true;
    }

    private static void Forget(Session session, string cutId) =>
        session.Execute("DELETE FROM cut_parts WHERE cut_id = @cutId", new { cutId });

    private static List<SnapshotRecord> Parts(Session session, string cutId) =>
        session.Query(
            "SELECT part FROM cut_parts WHERE cut_id = @cutId ORDER BY replica_set_id",
            row => JsonSerializer.Deserialize<SnapshotRecord>(row.Text())!,
            new { cutId }
        );

    private static bool AddPart(Session session, string cutId, SnapshotRecord part)
    {
        var cut = Find(session, cutId);
        if (cut is not { State: CutState.Settled } || !cut.Sets.Contains(part.ReplicaSetId))
        {
            return false;
        }

        session.Execute(
            "INSERT OR REPLACE INTO cut_parts (cut_id, replica_set_id, part) VALUES (@cutId, @ReplicaSetId, @part)",
            new
            {
                cutId,
                part.ReplicaSetId,
                part = JsonSerializer.Serialize(part with { CutId = cutId }),
            }
        );
        return true;
    }

    private static object Arguments(CutRecord cut) =>
        new
        {
            cut.Id,
            cut.ClusterId,
            kind = (int)cut.Kind,
            cut.Trigger,
            state = (int)cut.State,
            sets = JsonSerializer.Serialize(cut.Sets),
            t = (long)cut.Time.T,
            i = (long)cut.Time.I,
            term = cut.Time.Term,
            rested = cut.BalancerRested is { } rested
                ? rested
                    ? 1L
                    : 0L
                : (long?)null,
            cut.Code,
            cut.Message,
            cut.Hint,
            created = cut.CreatedAt.ToUnixTimeMilliseconds(),
            changed = cut.ChangedAt.ToUnixTimeMilliseconds(),
            expires = cut.ExpiresAt?.ToUnixTimeMilliseconds(),
            pinned = cut.PinnedAt?.ToUnixTimeMilliseconds(),
        };

    private static CutRecord Cut(Row row) =>
        new(
            row.Text(),
            row.Text(),
            (CutKind)row.Int(),
            row.Text(),
            (CutState)row.Int(),
            JsonSerializer.Deserialize<List<string>>(row.Text())!,
            row.Optime(),
            row.LongOrNull() is { } rested ? rested != 0 : null,
            row.TextOrNull(),
            row.TextOrNull(),
            row.TextOrNull(),
            row.Time(),
            row.Time(),
            row.TimeOrNull()
        )
        {
            PinnedAt = row.TimeOrNull(),
        };
}

using System.Text.Json;

namespace Backup.Metadata.Sqlite;

internal sealed class SqliteGroupStores(ITransactions database, TimeProvider time) : IGroupStores
{
    private const string Columns = "group_id, store, moves_from, since";

    // Those whose deployments are the group's.
    private const string SetsOf = """
        SELECT replica_sets.id FROM replica_sets
        JOIN deployments ON deployments.id = replica_sets.deployment_id
        WHERE deployments.group_id = @groupId
        """;

    public async Task<IReadOnlyList<GroupStore>> ListAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            static session => session.Query($"SELECT {Columns} FROM group_stores ORDER BY group_id", Read),
            cancellation
        );

    public Task<GroupStore?> FindAsync(string groupId, CancellationToken cancellation = default) =>
        database.ReadAsync(session => Find(session, groupId), cancellation);

    public Task<GroupStore> AssignAsync(
        string groupId,
        string store,
        IReadOnlyCollection<string> all,
        CancellationToken cancellation = default
    ) => database.WriteAsync(session => Assign(session, groupId, store, all), cancellation);

    public Task ScatterAsync(IReadOnlyCollection<string> all, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                foreach (var one in session.Query($"SELECT {Columns} FROM group_stores", Read))
                {
                    Put(session, one.Scattered(all, time.GetUtcNow()));
                    EndLeases(session, one.GroupId);
                }
            },
            cancellation
        );

    public Task<bool> MovedAsync(
        string groupId,
        string store,
        IReadOnlySet<string> proven,
        IReadOnlyCollection<Guid> sessions,
        CancellationToken cancellation = default
    ) => database.WriteAsync(session => Moved(session, groupId, store, proven, sessions), cancellation);

    private GroupStore Assign(Session session, string groupId, string store, IReadOnlyCollection<string> all)
    {
        if (session.Number("SELECT count(*) FROM groups WHERE id = @groupId", new { groupId }) == 0)
        {
            throw MetadataErrors.Missing("group", groupId);
        }

        var before = Find(session, groupId);
        if (before?.Store == store)
        {
            return before;
        }

        IEnumerable<string> from = before is null ? all : [.. before.From, before.Store];
        var isEmpty = Manifests(session, groupId).Count == 0;
        var assigned = new GroupStore(
            groupId,
            store,
            isEmpty ? [] : [.. from.Where(one => one != store).Distinct()],
            time.GetUtcNow()
        );
        Put(session, assigned);
        EndLeases(session, groupId);
        return assigned;
    }

    private bool Moved(
        Session session,
        string groupId,
        string store,
        IReadOnlySet<string> proven,
        IReadOnlyCollection<Guid> sessions
    )
    {
        if (SqliteStoreSessions.IsAnyRevoked(session, sessions))
        {
            throw MetadataErrors.SessionRevoked($"the move of group '{groupId}'");
        }

        if (
            Find(session, groupId) is not { } found
            || found.Store != store
            || !Manifests(session, groupId).TrueForAll(proven.Contains)
        )
        {
            return false;
        }

        if (found.IsMoving)
        {
            Put(session, found with { From = [], Since = time.GetUtcNow() });
            EndLeases(session, groupId);
        }

        return true;
    }

    /// <summary>What it refers to, and what is held of it for readers.</summary>
    private List<string> Manifests(Session session, string groupId)
    {
        var sets = session.Query(SetsOf, static row => row.Text(), new { groupId }).ToHashSet(StringComparer.Ordinal);
        return
        [
            .. session.Query(
                $"""
                SELECT manifest_block FROM heads WHERE replica_set_id IN ({SetsOf})
                UNION SELECT manifest_block FROM snapshots WHERE replica_set_id IN ({SetsOf})
                """,
                static row => row.Text(),
                new { groupId }
            ),
            .. session.Query(
                $"SELECT part FROM cut_parts WHERE replica_set_id IN ({SetsOf})",
                static row => JsonSerializer.Deserialize<SnapshotRecord>(row.Text())!.ManifestBlock,
                new { groupId }
            ),
            .. SqliteReadHolds
                .All(session, time)
                .Where(one => sets.Contains(one.ReplicaSetId))
                .Select(static one => one.ManifestBlock),
        ];
    }

    private static void EndLeases(Session session, string groupId) =>
        session.Execute($"UPDATE head_leases SET daemon_id = NULL WHERE replica_set_id IN ({SetsOf})", new { groupId });

    private static void Put(Session session, GroupStore one) =>
        session.Execute(
            $"INSERT OR REPLACE INTO group_stores ({Columns}) VALUES (@GroupId, @Store, @from, @since)",
            new
            {
                one.GroupId,
                one.Store,
                from = JsonSerializer.Serialize(one.From),
                since = one.Since.ToUnixTimeMilliseconds(),
            }
        );

    private static GroupStore? Find(Session session, string groupId) =>
        session.Find($"SELECT {Columns} FROM group_stores WHERE group_id = @groupId", Read, new { groupId });

    private static GroupStore Read(Row row) =>
        new(row.Text(), row.Text(), JsonSerializer.Deserialize<string[]>(row.Text())!, row.Time());
}

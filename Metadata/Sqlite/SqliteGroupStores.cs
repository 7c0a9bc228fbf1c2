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
        IReadOnlyList<TaggedStore> all,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
            {
                var group = NameOf(session, groupId);
                if (Find(session, groupId) is { } there && there.Store == store)
                {
                    return there;
                }

                var missing = all.FirstOrDefault(one => one.Name == store)?.Lacks(TagsOf(session, groupId)) ?? [];
                return missing.Count == 0
                    ? Assign(session, groupId, store, all)
                    : throw MetadataErrors.StoreLacks(group, store, missing);
            },
            cancellation
        );

    public async Task<IReadOnlyDictionary<string, IReadOnlyList<string>>> TagsAsync(
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            static session =>
                session
                    .Query(
                        "SELECT group_id, tags FROM group_tags",
                        static row => (Group: row.Text(), Tags: TagsIn(row.Text()))
                    )
                    .Where(static one => one.Tags.Count > 0)
                    .ToDictionary(static one => one.Group, static one => one.Tags, StringComparer.Ordinal),
            cancellation
        );

    public Task<IReadOnlyList<string>> TagsOfAsync(string groupId, CancellationToken cancellation = default) =>
        database.ReadAsync(session => TagsOf(session, groupId), cancellation);

    public Task<GroupTags> SetTagsAsync(
        string groupId,
        IReadOnlyCollection<string> tags,
        IReadOnlyList<TaggedStore> all,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
            {
                var normal = StoreTags.Normal(tags);
                var place = Find(session, groupId);
                var store = Choose(session, NameOf(session, groupId), normal, place, all);
                PutTags(session, groupId, normal);
                return new GroupTags(
                    normal,
                    store is null ? place : Assign(session, groupId, store, all),
                    store is not null
                );
            },
            cancellation
        );

    /// <summary>Of a group that was added just now, and has nothing yet.</summary>
    /// <exception cref="Foundation.Errors.BackupException">6322, 6323.</exception>
    internal static void AddTags(
        Session session,
        Group group,
        IReadOnlyCollection<string> tags,
        IReadOnlyList<TaggedStore> all
    )
    {
        var normal = StoreTags.Normal(tags);
        PutTags(session, group.Id, normal);
        if (Choose(session, group.Name, normal, place: null, all) is { } store)
        {
            Put(session, new GroupStore(group.Id, store, [], group.CreatedAt));
        }
    }

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

    /// <summary>To a store that it is not in.</summary>
    private GroupStore Assign(Session session, string groupId, string store, IReadOnlyList<TaggedStore> all)
    {
        var before = Find(session, groupId);
        var isEmpty = Manifests(session, groupId).Count == 0;
        var assigned = GroupStore.Assigned(before, groupId, store, all, isEmpty, time.GetUtcNow());
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
            Put(session, found.Moved(time.GetUtcNow()));
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

    /// <returns>Null where it stays where it is.</returns>
    private static string? Choose(
        Session session,
        string group,
        IReadOnlyList<string> tags,
        GroupStore? place,
        IReadOnlyList<TaggedStore> all
    ) =>
        StoreTags.Choose(
            group,
            tags,
            place?.Store,
            all,
            session.Query($"SELECT {Columns} FROM group_stores", Read),
            session.Number("SELECT count(*) FROM groups")
        );

    /// <exception cref="Foundation.Errors.BackupException">6009.</exception>
    private static string NameOf(Session session, string groupId) =>
        session.Find("SELECT name FROM groups WHERE id = @groupId", static row => row.Text(), new { groupId })
        ?? throw MetadataErrors.Missing("group", groupId);

    private static IReadOnlyList<string> TagsOf(Session session, string groupId) =>
        session.Find(
            "SELECT tags FROM group_tags WHERE group_id = @groupId",
            static row => TagsIn(row.Text()),
            new { groupId }
        ) ?? [];

    private static IReadOnlyList<string> TagsIn(string json) => JsonSerializer.Deserialize<string[]>(json)!;

    private static void PutTags(Session session, string groupId, IReadOnlyList<string> tags)
    {
        if (tags.Count == 0)
        {
            session.Execute("DELETE FROM group_tags WHERE group_id = @groupId", new { groupId });
            return;
        }

        session.Execute(
            "INSERT OR REPLACE INTO group_tags (group_id, tags) VALUES (@groupId, @tags)",
            new { groupId, tags = JsonSerializer.Serialize(tags) }
        );
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

    internal static GroupStore? Find(Session session, string groupId) =>
        session.Find($"SELECT {Columns} FROM group_stores WHERE group_id = @groupId", Read, new { groupId });

    private static GroupStore Read(Row row) =>
        new(row.Text(), row.Text(), JsonSerializer.Deserialize<string[]>(row.Text())!, row.Time());
}

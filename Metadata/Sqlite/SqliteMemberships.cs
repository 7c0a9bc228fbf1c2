using Backup.Metadata.People;

namespace Backup.Metadata.Sqlite;

internal sealed class SqliteMemberships(ITransactions database) : IMemberships
{
    public async Task<IReadOnlyList<MembershipRecord>> OfUserAsync(
        string userId,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    """
                    SELECT groups.id, groups.name, groups.created_at, memberships.role, memberships.since
                    FROM memberships JOIN groups ON groups.id = memberships.group_id
                    WHERE memberships.user_id = @userId ORDER BY groups.name
                    """,
                    row => new MembershipRecord(
                        userId,
                        new Group(row.Text(), row.Text(), row.Time()),
                        (GroupRole)row.Int(),
                        row.Time()
                    ),
                    new { userId }
                ),
            cancellation
        );

    public async Task<IReadOnlyList<MemberRecord>> OfGroupAsync(
        string groupId,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            session =>
                session.Query(
                    $"""
                    SELECT {SqliteUsers.Columns}, memberships.role, memberships.since
                    FROM memberships JOIN users ON users.id = memberships.user_id
                    WHERE memberships.group_id = @groupId ORDER BY users.name, users.email_folded
                    """,
                    row => new MemberRecord(SqliteUsers.User(row), (GroupRole)row.Int(), row.Time()),
                    new { groupId }
                ),
            cancellation
        );

    public Task<GroupRole?> RoleAsync(string userId, string groupId, CancellationToken cancellation = default) =>
        database.ReadAsync(session => Role(session, userId, groupId), cancellation);

    public Task SetAsync(
        string groupId,
        string userId,
        GroupRole role,
        DateTimeOffset now,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
            {
                var had = HasOwner(session, groupId);
                Upsert(session, groupId, userId, role, now);
                RequireOwner(session, groupId, had);
            },
            cancellation
        );

    public Task RemoveAsync(string groupId, string userId, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                var had = HasOwner(session, groupId);
                var removed = session.Execute(
                    "DELETE FROM memberships WHERE group_id = @groupId AND user_id = @userId",
                    new { groupId, userId }
                );
                if (removed == 0)
                {
                    throw MetadataErrors.Missing("member", userId);
                }

                RequireOwner(session, groupId, had);
            },
            cancellation
        );

    public Task AddGroupAsync(
        Group group,
        string ownerId,
        IReadOnlyCollection<string> tags,
        IReadOnlyList<TaggedStore> all,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            session =>
            {
                RequireFree(session, group.Id, group.Name);
                session.Execute(
                    "INSERT INTO groups (id, name, created_at) VALUES (@Id, @Name, @created)",
                    new
                    {
                        group.Id,
                        group.Name,
                        created = group.CreatedAt.ToUnixTimeMilliseconds(),
                    }
                );
                Upsert(session, group.Id, ownerId, GroupRole.Owner, group.CreatedAt);
                SqliteGroupStores.AddTags(session, group, tags, all);
            },
            cancellation
        );

    public Task RenameGroupAsync(string groupId, string name, CancellationToken cancellation = default) =>
        database.WriteAsync(
            session =>
            {
                RequireFree(session, groupId, name);
                if (session.Execute("UPDATE groups SET name = @name WHERE id = @groupId", new { groupId, name }) == 0)
                {
                    throw MetadataErrors.Missing("group", groupId);
                }
            },
            cancellation
        );

    internal static GroupRole? Role(Session session, string userId, string groupId) =>
        session
            .Query(
                "SELECT role FROM memberships WHERE user_id = @userId AND group_id = @groupId",
                row => (GroupRole?)row.Int(),
                new { userId, groupId }
            )
            .FirstOrDefault();

    internal static void Upsert(Session session, string groupId, string userId, GroupRole role, DateTimeOffset now) =>
        session.Execute(
            """
            INSERT INTO memberships (group_id, user_id, role, since) VALUES (@groupId, @userId, @role, @now)
            ON CONFLICT (group_id, user_id) DO UPDATE SET role = excluded.role
            """,
            new
            {
                groupId,
                userId,
                role = (int)role,
                now = now.ToUnixTimeMilliseconds(),
            }
        );

    private static bool HasOwner(Session session, string groupId) =>
        session.Number(
            """
            SELECT count(*) FROM memberships JOIN users ON users.id = memberships.user_id
            WHERE memberships.group_id = @groupId AND memberships.role = @owner AND users.disabled_at IS NULL
            """,
            new { groupId, owner = (int)GroupRole.Owner }
        ) > 0;

    private static void RequireOwner(Session session, string groupId, bool had)
    {
        if (had && !HasOwner(session, groupId))
        {
            throw MetadataErrors.NoOwnerLeft();
        }
    }

    private static void RequireFree(Session session, string groupId, string name)
    {
        if (
            session.Number("SELECT count(*) FROM groups WHERE name = @name AND id <> @groupId", new { name, groupId })
            > 0
        )
        {
            throw MetadataErrors.NameTaken(name);
        }
    }
}

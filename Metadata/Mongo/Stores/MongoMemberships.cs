using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.Metadata.People;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Stores;

internal sealed class MongoMemberships(ITransactions database) : IMemberships
{
    private static readonly Collection<Membership> Memberships = PeopleCollections.Memberships;

    public async Task<IReadOnlyList<MembershipRecord>> OfUserAsync(
        string userId,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            async session =>
            {
                var members = (await session.FindAsync(Memberships, Doc.Of(("userId", userId)))).ToDictionary(
                    static one => one.GroupId,
                    StringComparer.Ordinal
                );
                var groups = await session.FindAsync(
                    AccessCollections.Groups,
                    Doc.Of(("_id", Is.OneOf(members.Keys))),
                    Doc.Of(("name", 1))
                );
                return groups.ConvertAll(group => new MembershipRecord(
                    userId,
                    group,
                    members[group.Id].Role,
                    members[group.Id].Since
                ));
            },
            cancellation
        );

    public async Task<IReadOnlyList<MemberRecord>> OfGroupAsync(
        string groupId,
        CancellationToken cancellation = default
    ) =>
        await database.ReadAsync(
            async session =>
            {
                var members = (await session.FindAsync(Memberships, Doc.Of(("groupId", groupId)))).ToDictionary(
                    static one => one.UserId,
                    StringComparer.Ordinal
                );
                var users = await session.FindAsync(
                    PeopleCollections.Users,
                    Doc.Of(("_id", Is.OneOf(members.Keys))),
                    MongoUsers.ByName
                );
                return users.ConvertAll(user => new MemberRecord(user, members[user.Id].Role, members[user.Id].Since));
            },
            cancellation
        );

    public Task<GroupRole?> RoleAsync(string userId, string groupId, CancellationToken cancellation = default) =>
        database.ReadAsync(session => RoleAsync(session, userId, groupId), cancellation);

    public Task SetAsync(
        string groupId,
        string userId,
        GroupRole role,
        DateTimeOffset now,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            async session =>
            {
                var had = await HasOwnerAsync(session, groupId);
                await SetAsync(session, groupId, userId, role, now);
                await RequireOwnerAsync(session, groupId, had);
            },
            cancellation
        );

    public Task RemoveAsync(string groupId, string userId, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                var had = await HasOwnerAsync(session, groupId);
                if (await session.DeleteAsync(Memberships, Member(groupId, userId)) == 0)
                {
                    throw MetadataErrors.Missing("member", userId);
                }

                await RequireOwnerAsync(session, groupId, had);
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
            async session =>
            {
                await RequireFreeAsync(session, group.Id, group.Name);
                await session.InsertAsync(AccessCollections.Groups, group);
                await SetAsync(session, group.Id, ownerId, GroupRole.Owner, group.CreatedAt);
                await MongoGroupStores.AddTagsAsync(session, group, tags, all);
            },
            cancellation
        );

    public Task RenameGroupAsync(string groupId, string name, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                await RequireFreeAsync(session, groupId, name);
                if (!await session.UpdateAsync(AccessCollections.Groups, Doc.Id(groupId), Doc.Set(("name", name))))
                {
                    throw MetadataErrors.Missing("group", groupId);
                }
            },
            cancellation
        );

    internal static async Task<GroupRole?> RoleAsync(MongoSession session, string userId, string groupId) =>
        (await session.FirstAsync(Memberships, Member(groupId, userId)))?.Role;

    /// <summary>Makes the user a member, or changes their role.</summary>
    /// <exception cref="Foundation.Errors.BackupException">6008 where there is no such group or user.</exception>
    internal static async Task SetAsync(
        MongoSession session,
        string groupId,
        string userId,
        GroupRole role,
        DateTimeOffset now
    )
    {
        if (await session.UpdateAsync(Memberships, Member(groupId, userId), Doc.Set(("role", role))))
        {
            return;
        }

        await MongoAccess.RequireGroupAsync(session, groupId);
        if (!await session.AnyAsync(PeopleCollections.Users, Doc.Id(userId)))
        {
            throw MetadataErrors.Exists("record");
        }

        await session.InsertAsync(Memberships, new Membership(groupId, userId, role, now));
    }

    private static BsonDocument Member(string groupId, string userId) =>
        Doc.Of(("groupId", groupId), ("userId", userId));

    /// <summary>One who may log in.</summary>
    private static async Task<bool> HasOwnerAsync(MongoSession session, string groupId)
    {
        var owners = await session.FindAsync(Memberships, Doc.Of(("groupId", groupId), ("role", GroupRole.Owner)));
        return owners.Count > 0
            && await session.AnyAsync(
                PeopleCollections.Users,
                Doc.Of(("_id", Is.OneOf(owners.Select(static one => one.UserId))), ("disabledAt", null))
            );
    }

    private static async Task RequireOwnerAsync(MongoSession session, string groupId, bool had)
    {
        if (had && !await HasOwnerAsync(session, groupId))
        {
            throw MetadataErrors.NoOwnerLeft();
        }
    }

    private static async Task RequireFreeAsync(MongoSession session, string groupId, string name)
    {
        if (await session.AnyAsync(AccessCollections.Groups, Doc.Of(("name", name), ("_id", Is.Not(groupId)))))
        {
            throw MetadataErrors.NameTaken(name);
        }
    }
}

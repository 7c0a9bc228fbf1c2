using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;

namespace Backup.Metadata.Mongo.Stores;

/// <summary>
/// Whatever a group refers to is written under the leases of its heads, and changes their documents; so does who assigns the group, or ends its move. Of two at
/// the same time one is begun again, and what was referred to meanwhile is seen.
/// </summary>
internal sealed class MongoGroupStores(ITransactions database, TimeProvider time) : IGroupStores
{
    private static readonly Collection<GroupPlace> Places = DaemonCollections.GroupStores;
    private static readonly Collection<GroupTagList> Tagged = DaemonCollections.GroupTags;

    public async Task<IReadOnlyList<GroupStore>> ListAsync(CancellationToken cancellation = default) =>
        [
            .. (
                await database.ReadAsync(
                    session => session.FindAsync(Places, Doc.All, Doc.Of(("_id", 1))),
                    cancellation
                )
            ).Select(static one => one.Record()),
        ];

    public Task<GroupStore?> FindAsync(string groupId, CancellationToken cancellation = default) =>
        database.ReadAsync(session => FindAsync(session, groupId), cancellation);

    public Task<GroupStore> AssignAsync(
        string groupId,
        string store,
        IReadOnlyList<TaggedStore> all,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            async session =>
            {
                var group = await NameOfAsync(session, groupId);
                if (await FindAsync(session, groupId) is { } there && there.Store == store)
                {
                    return there;
                }

                // Who gives the group tags at the same time decides on the store that it is in: one of the two is begun again.
                if (!await session.TouchAsync(Tagged, Doc.Id(groupId)))
                {
                    await session.InsertAsync(Tagged, new GroupTagList(groupId, []));
                }

                var tags = await TagsOfAsync(session, groupId);
                var missing = all.FirstOrDefault(one => one.Name == store)?.Lacks(tags) ?? [];
                return missing.Count == 0
                    ? await AssignAsync(session, groupId, store, all)
                    : throw MetadataErrors.StoreLacks(group, store, missing);
            },
            cancellation
        );

    public async Task<IReadOnlyDictionary<string, IReadOnlyList<string>>> TagsAsync(
        CancellationToken cancellation = default
    ) =>
        (await database.ReadAsync(session => session.FindAsync(Tagged, Doc.All), cancellation))
            .Where(static one => one.Tags is { Count: > 0 })
            .ToDictionary(static one => one.GroupId, static one => one.Tags!, StringComparer.Ordinal);

    public Task<IReadOnlyList<string>> TagsOfAsync(string groupId, CancellationToken cancellation = default) =>
        database.ReadAsync(session => TagsOfAsync(session, groupId), cancellation);

    public Task<GroupTags> SetTagsAsync(
        string groupId,
        IReadOnlyCollection<string> tags,
        IReadOnlyList<TaggedStore> all,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            async session =>
            {
                var normal = StoreTags.Normal(tags);
                var group = await NameOfAsync(session, groupId);
                var place = await FindAsync(session, groupId);
                var store = await ChooseAsync(session, group, normal, place, all);
                await session.PutAsync(Tagged, Doc.Id(groupId), new GroupTagList(groupId, normal));
                return new GroupTags(
                    normal,
                    store is null ? place : await AssignAsync(session, groupId, store, all),
                    store is not null
                );
            },
            cancellation
        );

    /// <summary>Of a group that was added just now, and has nothing yet.</summary>
    /// <exception cref="Foundation.Errors.BackupException">6322, 6323.</exception>
    internal static async Task AddTagsAsync(
        MongoSession session,
        Group group,
        IReadOnlyCollection<string> tags,
        IReadOnlyList<TaggedStore> all
    )
    {
        var normal = StoreTags.Normal(tags);
        if (normal.Count == 0)
        {
            return;
        }

        await session.InsertAsync(Tagged, new GroupTagList(group.Id, normal));
        if (await ChooseAsync(session, group.Name, normal, place: null, all) is { } store)
        {
            await session.InsertAsync(Places, GroupPlace.Of(new GroupStore(group.Id, store, [], group.CreatedAt)));
        }
    }

    public Task ScatterAsync(IReadOnlyCollection<string> all, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                foreach (var one in await session.FindAsync(Places, Doc.All))
                {
                    await EndLeasesAsync(session, one.GroupId);
                    var scattered = one.Record().Scattered(all, time.GetUtcNow());
                    await session.PutAsync(Places, Doc.Id(one.GroupId), GroupPlace.Of(scattered));
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
    ) => database.WriteAsync(session => MovedAsync(session, groupId, store, proven, sessions), cancellation);

    /// <summary>To a store that it is not in.</summary>
    private async Task<GroupStore> AssignAsync(
        MongoSession session,
        string groupId,
        string store,
        IReadOnlyList<TaggedStore> all
    )
    {
        var before = await FindAsync(session, groupId);
        var sets = await EndLeasesAsync(session, groupId);
        var isEmpty = (await ManifestsAsync(session, sets)).Count == 0;
        var assigned = GroupStore.Assigned(before, groupId, store, all, isEmpty, time.GetUtcNow());
        await session.PutAsync(Places, Doc.Id(groupId), GroupPlace.Of(assigned));
        return (await FindAsync(session, groupId))!;
    }

    private async Task<bool> MovedAsync(
        MongoSession session,
        string groupId,
        string store,
        IReadOnlySet<string> proven,
        IReadOnlyCollection<Guid> sessions
    )
    {
        if (!await MongoStoreSessions.RelyAsync(session, sessions, time.GetUtcNow()))
        {
            throw MetadataErrors.SessionRevoked($"the move of group '{groupId}'");
        }

        if (await FindAsync(session, groupId) is not { } found || found.Store != store)
        {
            return false;
        }

        var sets = await SetsAsync(session, groupId);
        await TouchLeasesAsync(session, sets);
        if (!(await ManifestsAsync(session, sets)).TrueForAll(proven.Contains))
        {
            return false;
        }

        if (found.IsMoving)
        {
            await EndLeasesAsync(session, groupId);
            await session.PutAsync(Places, Doc.Id(groupId), GroupPlace.Of(found.Moved(time.GetUtcNow())));
        }

        return true;
    }

    /// <returns>Null where it stays where it is.</returns>
    private static async Task<string?> ChooseAsync(
        MongoSession session,
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
            (await session.FindAsync(Places, Doc.All)).ConvertAll(static one => one.Record()),
            await session.CountAsync(AccessCollections.Groups, Doc.All)
        );

    /// <exception cref="Foundation.Errors.BackupException">6009.</exception>
    private static async Task<string> NameOfAsync(MongoSession session, string groupId) =>
        (await session.GetAsync(AccessCollections.Groups, groupId))?.Name
        ?? throw MetadataErrors.Missing("group", groupId);

    private static async Task<IReadOnlyList<string>> TagsOfAsync(MongoSession session, string groupId) =>
        (await session.GetAsync(Tagged, groupId))?.Tags ?? [];

    internal static async Task<GroupStore?> FindAsync(MongoSession session, string groupId) =>
        (await session.GetAsync(Places, groupId))?.Record();

    private static async Task<List<string>> SetsAsync(MongoSession session, string groupId)
    {
        var deployments = await session.FindAsync(DeploymentCollections.Deployments, Doc.Of(("groupId", groupId)));
        var sets = await session.FindAsync(
            DeploymentCollections.ReplicaSets,
            Doc.Of(("deploymentId", Is.OneOf(deployments.Select(static one => one.Id))))
        );
        return sets.ConvertAll(static one => one.Id);
    }

    private static async Task<List<string>> EndLeasesAsync(MongoSession session, string groupId)
    {
        var sets = await SetsAsync(session, groupId);
        await TouchLeasesAsync(session, sets);
        await session.UpdateAllAsync(
            DaemonCollections.HeadLeases,
            Doc.Of(("_id", Is.OneOf(sets))),
            Doc.Set(("daemonId", null))
        );
        return sets;
    }

    internal static async Task TouchLeasesAsync(MongoSession session, IReadOnlyList<string> sets)
    {
        foreach (var set in sets)
        {
            await session.TouchAsync(DaemonCollections.HeadLeases, Doc.Id(set));
        }
    }

    /// <summary>What they refer to, and what is held of them for readers.</summary>
    private async Task<List<string>> ManifestsAsync(MongoSession session, List<string> sets)
    {
        var ofThem = Doc.Of(("replicaSetId", Is.OneOf(sets)));
        var heads = await session.FindAsync(SnapshotCollections.Heads, Doc.Of(("_id", Is.OneOf(sets))));
        var snapshots = await session.FindAsync(SnapshotCollections.Snapshots, ofThem);
        var parts = await session.FindAsync(SnapshotCollections.CutParts, ofThem);
        var holds = await MongoReadHolds.AllAsync(session, time);
        return
        [
            .. heads.Select(static one => one.ManifestBlock),
            .. snapshots.Select(static one => one.ManifestBlock),
            .. parts.Select(static one => one.Part.ManifestBlock),
            .. holds.Where(one => sets.Contains(one.ReplicaSetId)).Select(static one => one.ManifestBlock),
        ];
    }
}

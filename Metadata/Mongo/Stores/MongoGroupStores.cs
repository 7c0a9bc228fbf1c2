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
        IReadOnlyCollection<string> all,
        CancellationToken cancellation = default
    ) => database.WriteAsync(session => AssignAsync(session, groupId, store, all), cancellation);

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

    private async Task<GroupStore> AssignAsync(
        MongoSession session,
        string groupId,
        string store,
        IReadOnlyCollection<string> all
    )
    {
        if (!await session.AnyAsync(AccessCollections.Groups, Doc.Id(groupId)))
        {
            throw MetadataErrors.Missing("group", groupId);
        }

        var before = await FindAsync(session, groupId);
        if (before?.Store == store)
        {
            return before;
        }

        IEnumerable<string> from = before is null ? all : [.. before.From, before.Store];
        var sets = await EndLeasesAsync(session, groupId);
        var isEmpty = (await ManifestsAsync(session, sets)).Count == 0;
        var assigned = new GroupStore(
            groupId,
            store,
            isEmpty ? [] : [.. from.Where(one => one != store).Distinct()],
            time.GetUtcNow()
        );
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
            var moved = found with { From = [], Since = time.GetUtcNow() };
            await session.PutAsync(Places, Doc.Id(groupId), GroupPlace.Of(moved));
        }

        return true;
    }

    private static async Task<GroupStore?> FindAsync(MongoSession session, string groupId) =>
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

    private static async Task TouchLeasesAsync(MongoSession session, List<string> sets)
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

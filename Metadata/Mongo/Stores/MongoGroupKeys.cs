using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;

namespace Backup.Metadata.Mongo.Stores;

/// <summary>
/// The server's oplog, its journal and its members' files keep a wrapped key for a while after it was removed, and nobody but the server can overwrite them.
/// What makes such a copy worthless is that the master key which it is wrapped under is destroyed, after the other keys were wrapped under a new one.
/// </summary>
internal sealed class MongoGroupKeys(ITransactions database) : IGroupKeys
{
    private static readonly Collection<GroupKeyRecord> Keys = AccessCollections.GroupKeys;
    private static readonly Collection<DestroyedKeyRecord> Destroyed = AccessCollections.DestroyedKeys;

    public async Task<IReadOnlyList<GroupKeyRecord>> ListAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session => session.FindAsync(Keys, Doc.All, Doc.Of(("groupId", 1), ("purpose", 1), ("generation", 1))),
            cancellation
        );

    public async Task<IReadOnlyList<DestroyedKeyRecord>> DestroyedAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session => session.FindAsync(Destroyed, Doc.All, Doc.Of(("at", 1), ("_id", 1))),
            cancellation
        );

    public Task AddAsync(IReadOnlyList<GroupKeyRecord> keys, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                foreach (var key in keys)
                {
                    if (await session.AnyAsync(Destroyed, Doc.Of(("groupId", key.GroupId))))
                    {
                        throw MetadataErrors.KeysDestroyed(key.GroupId);
                    }

                    await MongoAccess.RequireGroupAsync(session, key.GroupId);
                    await session.InsertAsync(Keys, key);
                }
            },
            cancellation
        );

    public Task RewrapAsync(IReadOnlyList<GroupKeyRecord> keys, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                foreach (var key in keys)
                {
                    var change = Doc.Set(("master", key.Master), ("box", key.Box));
                    if (!await session.UpdateAsync(Keys, Doc.Id(key.Id), change))
                    {
                        throw MetadataErrors.Missing("key", key.Id);
                    }
                }
            },
            cancellation
        );

    public Task DestroyAsync(string groupId, DateTimeOffset at, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                var keys = await session.FindAsync(Keys, Doc.Of(("groupId", groupId)));
                foreach (var key in keys)
                {
                    await session.InsertAsync(Destroyed, new DestroyedKeyRecord(key.Id, groupId, at));
                }

                await session.DeleteAsync(Keys, Doc.Of(("groupId", groupId)));
            },
            cancellation
        );

    /// <summary>A destruction is one transaction, which nothing follows that could be cut off.</summary>
    public Task SweepAsync(CancellationToken cancellation = default) => Task.CompletedTask;

    /// <summary>Ids of the replica sets of groups whose keys were destroyed.</summary>
    internal static async Task<IReadOnlySet<string>> DestroyedSetsAsync(MongoSession session)
    {
        var groups = (await session.FindAsync(Destroyed, Doc.All)).Select(static one => one.GroupId).Distinct();
        var deployments = await session.FindAsync(
            DeploymentCollections.Deployments,
            Doc.Of(("groupId", Is.OneOf(groups)))
        );
        var sets = await session.FindAsync(
            DeploymentCollections.ReplicaSets,
            Doc.Of(("deploymentId", Is.OneOf(deployments.Select(static one => one.Id))))
        );
        return sets.Select(static one => one.Id).ToHashSet(StringComparer.Ordinal);
    }
}

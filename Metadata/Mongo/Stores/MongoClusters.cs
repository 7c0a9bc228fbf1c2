using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.Metadata.Secrets;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Stores;

/// <summary>Clusters and their balancers; cuts: <see cref="MongoCuts"/>.</summary>
internal sealed class MongoClusters(ITransactions database, UriSeal uris, TimeProvider time) : IClusters
{
    private static readonly Collection<ClusterRecord> Clusters = DeploymentCollections.Clusters;
    private static readonly Collection<Deployment> Deployments = DeploymentCollections.Deployments;

    private readonly MongoCuts _cuts = new(database, time);

    public Task<ClusterRecord?> FindAsync(string deploymentId, CancellationToken cancellation = default) =>
        database.ReadAsync(session => session.GetAsync(Clusters, deploymentId), cancellation);

    public async Task<IReadOnlyList<ClusterRecord>> ListAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(ListAsync, cancellation);

    public Task<ClusterRecord> FoundAsync(
        ClusterRecord found,
        IReadOnlyList<Deployment> members,
        CancellationToken cancellation = default
    ) =>
        database.WriteAsync(
            async session =>
            {
                var known = await session.GetAsync(Clusters, found.DeploymentId);
                if (known is not null && known.SourceId != found.SourceId)
                {
                    throw MetadataErrors.Another(found.DeploymentId, known.SourceId, found.SourceId);
                }

                await MongoDeployments.RequireDeploymentAsync(session, found.DeploymentId);
                await StoreAsync(session, found, isNew: known is null);
                await SetMembersAsync(session, uris, found, members);
                return (await session.GetAsync(Clusters, found.DeploymentId))!;
            },
            cancellation
        );

    public Task<bool> StopBalancerAsync(string cutId, bool wasOn, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                if (await MongoCuts.FindAsync(session, cutId) is not { State: CutState.Wanted } cut)
                {
                    return false;
                }

                var now = time.GetUtcNow();
                var cluster = Doc.Id(cut.ClusterId);
                await session.UpdateAsync(
                    Clusters,
                    wasOn ? cluster : Doc.Both(cluster, Doc.Of(("debt", Is.Known))),
                    Doc.Set(("debt", new BalancerDebt(cutId, now)))
                );
                await session.UpdateAsync(
                    SnapshotCollections.Cuts,
                    Doc.Id(cutId),
                    Doc.Set(("state", CutState.Stopping), ("changedAt", now))
                );
                return true;
            },
            cancellation
        );

    public Task<bool> BalancerStartedAsync(string clusterId, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                if (await MongoCuts.OpenAsync(session, clusterId) is { State: CutState.Stopping or CutState.Marking })
                {
                    return false;
                }

                await session.UpdateAsync(
                    Clusters,
                    Doc.Id(clusterId),
                    Doc.Set(("debt", null), ("balancer", BalancerState.On))
                );
                return true;
            },
            cancellation
        );

    public Task AddCutAsync(CutRecord cut, CancellationToken cancellation = default) =>
        _cuts.AddAsync(cut, cancellation);

    public Task<CutRecord?> FindCutAsync(string id, CancellationToken cancellation = default) =>
        database.ReadAsync(session => MongoCuts.FindAsync(session, id), cancellation);

    public Task<CutRecord?> OpenCutAsync(string clusterId, CancellationToken cancellation = default) =>
        database.ReadAsync(session => MongoCuts.OpenAsync(session, clusterId), cancellation);

    public Task<IReadOnlyList<CutRecord>> CutsAsync(string clusterId, CancellationToken cancellation = default) =>
        _cuts.ListAsync(clusterId, cancellation);

    public Task<IReadOnlyList<CutRecord>> NewestSnapshotsAsync(CancellationToken cancellation = default) =>
        _cuts.NewestSnapshotsAsync(cancellation);

    public Task<bool> AdvanceCutAsync(CutRecord next, CutState from, CancellationToken cancellation = default) =>
        _cuts.AdvanceAsync(next, from, cancellation);

    public Task<bool> AddPartAsync(string cutId, SnapshotRecord part, CancellationToken cancellation = default) =>
        _cuts.AddPartAsync(cutId, part, cancellation);

    public Task<bool> AddBuiltPartAsync(
        string cutId,
        SnapshotRecord part,
        PartPremise premise,
        CancellationToken cancellation = default
    ) => _cuts.AddBuiltPartAsync(cutId, part, premise, cancellation);

    public Task<IReadOnlyList<SnapshotRecord>> PartsAsync(string cutId, CancellationToken cancellation = default) =>
        _cuts.PartsAsync(cutId, cancellation);

    public Task<bool> CompleteCutAsync(
        string cutId,
        DateTimeOffset? expiresAt,
        CancellationToken cancellation = default
    ) => _cuts.CompleteAsync(cutId, expiresAt, cancellation);

    public Task<bool> FailCutAsync(
        string cutId,
        string code,
        string message,
        string hint,
        CancellationToken cancellation = default
    ) => _cuts.FailAsync(cutId, code, message, hint, cancellation);

    public Task<CutRecord> KeepCutAsync(string cutId, KeepingChange change, CancellationToken cancellation = default) =>
        _cuts.KeepAsync(cutId, change, cancellation);

    public Task<bool> ExpireCutAsync(CutRecord seen, CancellationToken cancellation = default) =>
        _cuts.ExpireAsync(seen, cancellation);

    public Task DeleteCutAsync(string cutId, bool evenLast, CancellationToken cancellation = default) =>
        _cuts.DeleteAsync(cutId, evenLast, cancellation);

    public Task RemoveCutAsync(string cutId, CancellationToken cancellation = default) =>
        _cuts.RemoveAsync(cutId, cancellation);

    internal static Task<List<ClusterRecord>> ListAsync(MongoSession session) =>
        session.FindAsync(Clusters, Doc.All, MongoSyncRecords.ByOrdinal);

    private static async Task StoreAsync(MongoSession session, ClusterRecord found, bool isNew)
    {
        if (isNew)
        {
            var ordinal = await session.NextAsync(Clusters.Name);
            await session.InsertAsync(Clusters, found with { Debt = null }, (DeploymentCollections.Ordinal, ordinal));
        }
        else
        {
            await session.UpdateAsync(
                Clusters,
                Doc.Id(found.DeploymentId),
                Doc.Set(
                    ("mongoVersion", found.MongoVersion),
                    ("routers", found.Routers),
                    ("balancer", found.Balancer),
                    ("seenAt", found.SeenAt)
                )
            );
        }

        await session.UpdateAsync(
            Deployments,
            Doc.Id(found.DeploymentId),
            Doc.Set(("type", DeploymentTypes.ShardedCluster))
        );
    }

    private static async Task SetMembersAsync(
        MongoSession session,
        UriSeal uris,
        ClusterRecord cluster,
        IReadOnlyList<Deployment> members
    )
    {
        foreach (var member in members)
        {
            var (shard, uri) = (ShardOf(cluster.DeploymentId, member.Cluster!.Shard), uris.Open(member));
            if (
                !await session.AnyAsync(Deployments, shard)
                && await MongoDeployments.AtAsync(session, uris, member.GroupId, uri) is { Cluster: null } alone
                && alone.Id != cluster.DeploymentId
            )
            {
                // One that was protected by itself before becomes the cluster's, with its head and all its snapshots.
                await session.UpdateAsync(
                    Deployments,
                    Doc.Id(alone.Id),
                    Doc.Set(("cluster", new ClusterMembership(cluster.DeploymentId, member.Cluster.Shard)))
                );
            }

            if (await session.FirstAsync(Deployments, shard) is not { } own)
            {
                await MongoDeployments.EnsureAsync(session, uris, member);
                continue;
            }

            if (!uris.IsAt(own, uri))
            {
                if (await MongoDeployments.AtAsync(session, uris, member.GroupId, uri) is { } other)
                {
                    throw MetadataErrors.UriTaken(other.Name);
                }

                await MongoDeployments.SetUriAsync(session, uris, own.Id, uri);
            }

            if (!own.IsProtected)
            {
                await session.UpdateAsync(Deployments, Doc.Id(own.Id), Doc.Set(("removedAt", null)));
            }
        }

        var gone = Doc.Of(
            ("cluster.deploymentId", cluster.DeploymentId),
            ("cluster.shard", Is.NoneOf(members.Select(static member => member.Cluster!.Shard))),
            ("removedAt", null)
        );
        var left = (await session.FindAsync(Deployments, gone)).Select(static one => one.Id).ToList();
        await session.UpdateAllAsync(
            DeploymentCollections.Leases,
            Doc.Of(("_id", Is.OneOf(left))),
            Doc.Set(("agentId", null))
        );
        await session.UpdateAllAsync(Deployments, gone, Doc.Set(("removedAt", cluster.SeenAt)));
    }

    private static BsonDocument ShardOf(string clusterId, string shard) =>
        Doc.Of(("cluster.deploymentId", clusterId), ("cluster.shard", shard));
}

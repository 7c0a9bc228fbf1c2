using System.Globalization;
using Backup.Foundation;
using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.Metadata.Secrets;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Stores;

/// <summary>
/// Deployments and replica sets are never removed, so that they are there is a premise that holds. What agents tell of them comes often and changes one
/// document: it is written beside everything else.
/// </summary>
internal sealed class MongoDeployments(ITransactions database, UriSeal uris, TimeProvider time) : IDeployments
{
    private static readonly BsonDocument ByOrder = Doc.Of((DeploymentCollections.Ordinal, 1));

    public Task<Deployment> EnsureAsync(Deployment deployment, CancellationToken cancellation = default) =>
        database.WriteAsync(session => EnsureAsync(session, uris, deployment), cancellation);

    public string OpenUri(Deployment deployment) => uris.Open(deployment);

    public Task<Deployment> SetUriAsync(string deploymentId, string uri, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                var found =
                    await session.GetAsync(DeploymentCollections.Deployments, deploymentId)
                    ?? throw MetadataErrors.Missing("deployment", deploymentId);
                if (await AtAsync(session, uris, found.GroupId, uri) is { } other && other.Id != deploymentId)
                {
                    throw MetadataErrors.UriTaken(other.Name);
                }

                await SetUriAsync(session, uris, deploymentId, uri);
                return (await session.GetAsync(DeploymentCollections.Deployments, deploymentId))!;
            },
            cancellation
        );

    public async Task<int> SealUrisAsync(CancellationToken cancellation = default) =>
        uris.CanSeal
            ? await database.WriteAsync(
                async session => await MongoUpgrade.IsFinishedAsync(session) ? await SealAsync(session, uris, time) : 0,
                cancellation
            )
            : 0;

    public async Task<IReadOnlyList<Deployment>> ListAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(ListAsync, cancellation);

    public Task<Deployment?> FindAsync(string id, CancellationToken cancellation = default) =>
        database.ReadAsync(session => session.GetAsync(DeploymentCollections.Deployments, id), cancellation);

    public Task RemoveAsync(string deploymentId, CancellationToken cancellation = default) =>
        database.WriteAsync(
            async session =>
            {
                await RequireDeploymentAsync(session, deploymentId);
                // A cluster goes with its sets.
                var allOfIt = Doc.Any(Doc.Id(deploymentId), Doc.Of(("cluster.deploymentId", deploymentId)));
                await session.UpdateAllAsync(
                    DeploymentCollections.Deployments,
                    Doc.Of(allOfIt, ("removedAt", null)),
                    Doc.Set(("removedAt", time.GetUtcNow()))
                );
                var removed = await session.FindAsync(DeploymentCollections.Deployments, Doc.Of(allOfIt));
                await session.UpdateAllAsync(
                    DeploymentCollections.Leases,
                    Doc.Of(("_id", Is.OneOf(removed.Select(static one => one.Id)))),
                    Doc.Set(("agentId", null))
                );
            },
            cancellation
        );

    public Task<Deployment> SetNamespacesAsync(
        string deploymentId,
        NamespaceFilter filter,
        CancellationToken cancellation = default
    ) => ChangeDeploymentAsync(deploymentId, Doc.Set(("namespaces", filter)), cancellation);

    public async Task<IReadOnlyList<ReplicaSetRecord>> ReplicaSetsAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(ReplicaSetsAsync, cancellation);

    public Task<ReplicaSetRecord?> FindReplicaSetAsync(string id, CancellationToken cancellation = default) =>
        database.ReadAsync(session => session.GetAsync(DeploymentCollections.ReplicaSets, id), cancellation);

    public Task<ReplicaSetRecord> EnsureReplicaSetAsync(
        ReplicaSetRecord replicaSet,
        CancellationToken cancellation = default
    ) => database.WriteAsync(session => EnsureReplicaSetAsync(session, replicaSet), cancellation);

    public Task SetStateAsync(
        string replicaSetId,
        ReplicaSetState state,
        string? stopCode = null,
        string? stopMessage = null,
        string? stopHint = null,
        CancellationToken cancellation = default
    ) =>
        database.WriteBesideAsync(
            LaneOf(replicaSetId),
            async session =>
            {
                var change = Doc.Set(
                    ("state", state),
                    ("stopCode", stopCode),
                    ("stopMessage", stopMessage),
                    ("stopHint", stopHint)
                );
                if (!await session.UpdateAsync(DeploymentCollections.ReplicaSets, Doc.Id(replicaSetId), change))
                {
                    throw MetadataErrors.Missing("replica set", replicaSetId);
                }
            },
            cancellation
        );

    public Task SetSourceOptimeAsync(
        string replicaSetId,
        Optime optime,
        DateTimeOffset? readAfter = null,
        CancellationToken cancellation = default
    ) =>
        database.WriteBesideAsync(
            LaneOf(replicaSetId),
            async session =>
            {
                await RequireReplicaSetAsync(session, replicaSetId);
                var now = time.GetUtcNow();
                var seen = readAfter is { } given && given < now ? given : now;
                // What is stored from the future was written before the clock was put back: it keeps nothing out.
                var older = Doc.Any(
                    Doc.Of(("sourceSeenAt", null)),
                    Doc.Of(("sourceSeenAt", Is.AtMost(seen))),
                    Doc.Of(("sourceSeenAt", Is.Above(now)))
                );
                await session.UpdateAsync(
                    DeploymentCollections.ReplicaSets,
                    Doc.Of(("_id", replicaSetId), older),
                    Doc.Set(("sourceOptime", optime), ("sourceSeenAt", seen))
                );
            },
            cancellation
        );

    public Task<Deployment> SetSourceAsync(
        string deploymentId,
        SourceSettings settings,
        CancellationToken cancellation = default
    )
    {
        settings.Validate();
        var change = Doc.Both(
            Doc.Add("source.revision", 1),
            Doc.Set(
                ("source.member", settings.Member),
                ("source.cursors", settings.Cursors),
                ("source.bytesPerSecond", settings.BytesPerSecond),
                ("source.pausedAt", settings.PausedAt)
            )
        );
        return ChangeDeploymentAsync(deploymentId, change, cancellation);
    }

    public Task SetAgentReportAsync(AgentReport report, CancellationToken cancellation = default) =>
        database.WriteBesideAsync(
            $"report {report.DeploymentId} {report.AgentId}",
            async session =>
            {
                await RequireDeploymentAsync(session, report.DeploymentId);
                var same = Doc.Of(("deploymentId", report.DeploymentId), ("agentId", report.AgentId));
                await session.PutAsync(DeploymentCollections.Reports, same, report);
            },
            cancellation
        );

    public async Task<IReadOnlyList<AgentReport>> AgentReportsAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(
            session =>
                session.FindAsync(DeploymentCollections.Reports, Doc.All, Doc.Of(("deploymentId", 1), ("agentId", 1))),
            cancellation
        );

    public Task<SnapshotPolicy> PolicyAsync(string subjectId, CancellationToken cancellation = default) =>
        database.ReadAsync(session => MongoPolicies.FindAsync(session, subjectId), cancellation);

    public Task SetPolicyAsync(SnapshotPolicy policy, CancellationToken cancellation = default)
    {
        policy.Validate();
        return database.WriteAsync(session => MongoPolicies.SetAsync(session, policy), cancellation);
    }

    internal static Task<List<Deployment>> ListAsync(MongoSession session) =>
        session.FindAsync(DeploymentCollections.Deployments, Doc.All, ByOrder);

    internal static Task<List<ReplicaSetRecord>> ReplicaSetsAsync(MongoSession session) =>
        session.FindAsync(DeploymentCollections.ReplicaSets, Doc.All, ByOrder);

    /// <summary>Seals what is not sealed, whoever may still work on the catalogue.</summary>
    /// <returns>How many.</returns>
    internal static async Task<int> SealAsync(MongoSession session, UriSeal uris, TimeProvider time)
    {
        var unsealed = (await ListAsync(session)).FindAll(static one => !one.Uri.IsSealed);
        foreach (var one in unsealed)
        {
            await session.UpdateAsync(
                DeploymentCollections.Deployments,
                Doc.Id(one.Id),
                Doc.Set(("uri", uris.Seal(one.Id, uris.Open(one))))
            );
        }

        if (unsealed.Count > 0)
        {
            var now = time.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
            await MongoSettings.SetAsync(session, IDeployments.SealedAtSetting, now);
        }

        return unsealed.Count;
    }

    /// <summary>The one of that group with that URI; null where there is none.</summary>
    internal static async Task<Deployment?> AtAsync(MongoSession session, UriSeal uris, string groupId, string uri) =>
        (await session.FindAsync(DeploymentCollections.Deployments, Doc.Of(("groupId", groupId)), ByOrder)).Find(one =>
            uris.IsAt(one, uri)
        );

    internal static async Task SetUriAsync(MongoSession session, UriSeal uris, string deploymentId, string uri) =>
        await session.UpdateAsync(
            DeploymentCollections.Deployments,
            Doc.Id(deploymentId),
            Doc.Set(("uri", await StoredAsync(session, uris, deploymentId, uri)))
        );

    /// <summary>Sealed, unless processes may still work on the catalogue that would not understand it.</summary>
    private static async Task<DeploymentUri> StoredAsync(
        MongoSession session,
        UriSeal uris,
        string deploymentId,
        string uri
    ) => await MongoUpgrade.IsFinishedAsync(session) ? uris.Seal(deploymentId, uri) : new DeploymentUri(uri);

    /// <summary>Adds it; one of that group with that URI is protected again where it was removed.</summary>
    internal static async Task<Deployment> EnsureAsync(MongoSession session, UriSeal uris, Deployment deployment)
    {
        var uri = uris.Open(deployment);
        if (await AtAsync(session, uris, deployment.GroupId, uri) is not { } stored)
        {
            await MongoAccess.RequireGroupAsync(session, deployment.GroupId);
            var added = deployment with
            {
                Uri = await StoredAsync(session, uris, deployment.Id, uri),
                RemovedAt = null,
                Source = new SourceSettings(),
            };
            var order = await session.NextAsync(DeploymentCollections.Deployments.Name);
            await session.InsertAsync(DeploymentCollections.Deployments, added, (DeploymentCollections.Ordinal, order));
            return (await session.GetAsync(DeploymentCollections.Deployments, deployment.Id))!;
        }

        if (stored.RemovedAt is not null)
        {
            await session.UpdateAsync(
                DeploymentCollections.Deployments,
                Doc.Id(stored.Id),
                Doc.Set(("removedAt", null))
            );
        }

        return stored with
        {
            RemovedAt = null,
        };
    }

    internal static async Task RequireDeploymentAsync(MongoSession session, string id)
    {
        if (!await session.AnyAsync(DeploymentCollections.Deployments, Doc.Id(id)))
        {
            throw MetadataErrors.Missing("deployment", id);
        }
    }

    internal static async Task RequireReplicaSetAsync(MongoSession session, string id)
    {
        if (!await session.AnyAsync(DeploymentCollections.ReplicaSets, Doc.Id(id)))
        {
            throw MetadataErrors.Missing("replica set", id);
        }
    }

    /// <summary>What changes the document of a replica set is of one lane.</summary>
    internal static string LaneOf(string replicaSetId) => $"set {replicaSetId}";

    private Task<Deployment> ChangeDeploymentAsync(
        string deploymentId,
        BsonDocument change,
        CancellationToken cancellation
    ) =>
        database.WriteAsync(
            async session =>
            {
                if (!await session.UpdateAsync(DeploymentCollections.Deployments, Doc.Id(deploymentId), change))
                {
                    throw MetadataErrors.Missing("deployment", deploymentId);
                }

                return (await session.GetAsync(DeploymentCollections.Deployments, deploymentId))!;
            },
            cancellation
        );

    private static async Task<ReplicaSetRecord> EnsureReplicaSetAsync(MongoSession session, ReplicaSetRecord set)
    {
        var same = Doc.Of(("deploymentId", set.DeploymentId), ("setId", set.SetId));
        if (await session.FirstAsync(DeploymentCollections.ReplicaSets, same) is not { } stored)
        {
            if (!await session.AnyAsync(DeploymentCollections.Deployments, Doc.Id(set.DeploymentId)))
            {
                throw MetadataErrors.Exists("replica set");
            }

            var order = await session.NextAsync(DeploymentCollections.ReplicaSets.Name);
            await session.InsertAsync(DeploymentCollections.ReplicaSets, set, (DeploymentCollections.Ordinal, order));
            return (await session.GetAsync(DeploymentCollections.ReplicaSets, set.Id))!;
        }

        var current = stored with
        {
            Name = set.Name,
            MongoVersion = set.MongoVersion,
            FeatureCompatibilityVersion = set.FeatureCompatibilityVersion,
            StorageEngine = set.StorageEngine,
        };
        if (current != stored)
        {
            await session.UpdateAsync(
                DeploymentCollections.ReplicaSets,
                Doc.Id(stored.Id),
                Doc.Set(
                    ("name", set.Name),
                    ("mongoVersion", set.MongoVersion),
                    ("featureCompatibilityVersion", set.FeatureCompatibilityVersion),
                    ("storageEngine", set.StorageEngine)
                )
            );
        }

        return current;
    }
}

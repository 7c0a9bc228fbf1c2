using Backup.Metadata.Mongo.Transactions;

namespace Backup.Metadata.Mongo.Collections;

/// <summary>What is protected, who works on it, and how.</summary>
internal static class DeploymentCollections
{
    /// <summary>The field by which documents keep the order in which they were added: a number of <see cref="MongoSession.NextAsync"/>.</summary>
    internal const string Ordinal = "ordinal";

    internal static readonly Collection<Deployment> Deployments = new(
        "deployments",
        nameof(Deployment.Id),
        [Ordinal],
        new Index("groupId_uri", "groupId", "uri") { Unique = true },
        new Index("cluster", "cluster.deploymentId", "cluster.shard")
        {
            Unique = true,
            OnlyWith = "cluster.deploymentId",
        }
    );

    internal static readonly Collection<ReplicaSetRecord> ReplicaSets = new(
        "replicaSets",
        nameof(ReplicaSetRecord.Id),
        [Ordinal],
        new Index("deploymentId_setId", "deploymentId", "setId") { Unique = true }
    );

    internal static readonly Collection<AgentReport> Reports = new(
        "agentReports",
        null,
        null,
        new Index("deploymentId_agentId", "deploymentId", "agentId") { Unique = true }
    );

    internal static readonly Collection<AgentLease> Leases = new(
        "agentLeases",
        nameof(AgentLease.DeploymentId),
        [MongoSession.Touches]
    );

    internal static readonly Collection<SnapshotPolicy> Policies = new("policies", nameof(SnapshotPolicy.SubjectId));

    internal static readonly Collection<ClusterRecord> Clusters = new(
        "clusters",
        nameof(ClusterRecord.DeploymentId),
        [Ordinal]
    );

    internal static readonly IReadOnlyList<Collection> All =
    [
        Deployments,
        ReplicaSets,
        Reports,
        Leases,
        Policies,
        Clusters,
    ];
}

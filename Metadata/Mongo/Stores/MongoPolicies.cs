using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;

namespace Backup.Metadata.Mongo.Stores;

/// <summary>Policies of replica sets and of clusters.</summary>
internal static class MongoPolicies
{
    internal static async Task<SnapshotPolicy> FindAsync(MongoSession session, string subjectId) =>
        await session.GetAsync(DeploymentCollections.Policies, subjectId) ?? SnapshotPolicy.Default(subjectId);

    /// <summary>Those that are stored.</summary>
    internal static Task<List<SnapshotPolicy>> AllAsync(MongoSession session) =>
        session.FindAsync(DeploymentCollections.Policies, Doc.All);

    internal static async Task SetAsync(MongoSession session, SnapshotPolicy policy)
    {
        var subject = Doc.Id(policy.SubjectId);
        if (
            !await session.AnyAsync(DeploymentCollections.ReplicaSets, subject)
            && !await session.AnyAsync(DeploymentCollections.Clusters, subject)
        )
        {
            throw MetadataErrors.Missing("replica set or cluster", policy.SubjectId);
        }

        await session.PutAsync(DeploymentCollections.Policies, subject, policy);
    }
}

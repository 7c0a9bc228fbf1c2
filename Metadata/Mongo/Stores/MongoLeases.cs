using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Stores;

/// <summary>Every write depends on one lease alone, whose document it changes: writes of different leases go on beside each other.</summary>
internal sealed class MongoLeases(ITransactions database, TimeProvider time) : ILeases
{
    private static readonly Collection<AgentLease> Leases = DeploymentCollections.Leases;

    public Task<AgentLease?> FindAsync(string deploymentId, CancellationToken cancellation = default) =>
        database.ReadAsync(session => session.GetAsync(Leases, deploymentId), cancellation);

    public async Task<IReadOnlyList<AgentLease>> ListAsync(CancellationToken cancellation = default) =>
        await database.ReadAsync(session => session.FindAsync(Leases, Doc.All, Doc.Of(("_id", 1))), cancellation);

    public Task<AgentLease?> GrantAsync(
        string deploymentId,
        string agentId,
        string session,
        AgentLease? seen,
        CancellationToken cancellation = default
    ) =>
        database.WriteBesideAsync(
            LaneOf(deploymentId),
            work => GrantAsync(work, deploymentId, agentId, session, seen),
            cancellation
        );

    public Task<AgentLease?> RenewAsync(AgentLease held, CancellationToken cancellation = default) =>
        database.WriteBesideAsync(
            LaneOf(held.DeploymentId),
            async session =>
                await session.UpdateAsync(
                    Leases,
                    Current(held.DeploymentId, held.AgentId, held.Fence),
                    Doc.Both(Doc.Add("renewals", 1), Doc.Set(("renewedAt", time.GetUtcNow())))
                )
                    ? await session.GetAsync(Leases, held.DeploymentId)
                    : null,
            cancellation
        );

    public Task<bool> ReleaseAsync(AgentLease held, CancellationToken cancellation = default) =>
        database.WriteBesideAsync(
            LaneOf(held.DeploymentId),
            session =>
                session.UpdateAsync(
                    Leases,
                    Current(held.DeploymentId, held.AgentId, held.Fence),
                    Doc.Set(("agentId", null), ("renewedAt", time.GetUtcNow()))
                ),
            cancellation
        );

    /// <exception cref="Foundation.Errors.BackupException">6014.</exception>
    internal static async Task RequireAsync(MongoSession session, LeaseProof proof)
    {
        if (!await session.TouchAsync(Leases, Current(proof.DeploymentId, proof.AgentId, proof.Fence)))
        {
            throw MetadataErrors.Fenced(proof.DeploymentId, proof.Fence);
        }
    }

    /// <summary>What changes a lease, and what is written under it, is of one lane.</summary>
    internal static string LaneOf(string deploymentId) => $"lease {deploymentId}";

    private async Task<AgentLease?> GrantAsync(
        MongoSession session,
        string deploymentId,
        string agentId,
        string run,
        AgentLease? seen
    )
    {
        // First of all, so that a holder that writes all the time does not come between what is read and what is granted.
        await session.TouchAsync(Leases, Doc.Id(deploymentId));
        await MongoDeployments.RequireDeploymentAsync(session, deploymentId);
        var stored = await session.GetAsync(Leases, deploymentId);
        if (stored?.Fence != seen?.Fence || stored?.Renewals != seen?.Renewals)
        {
            return null;
        }

        var now = time.GetUtcNow();
        var granted = new AgentLease(deploymentId, agentId, run, (stored?.Fence ?? 0) + 1, 0, now, now);
        await session.PutAsync(Leases, Doc.Id(deploymentId), granted);
        return granted;
    }

    /// <summary>A lease that nobody holds is nobody's: no agent's id is null.</summary>
    private static BsonDocument Current(string deploymentId, string? agentId, long fence) =>
        Doc.Of(("_id", deploymentId), ("fence", fence), ("agentId", agentId ?? ""));
}

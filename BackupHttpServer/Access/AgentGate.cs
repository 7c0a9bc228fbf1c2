using System.Globalization;
using Backup.BackupHttpServer.Limits;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Microsoft.AspNetCore.Http;

namespace Backup.BackupHttpServer.Access;

/// <summary>Who asks, and what they may see: an agent sees what belongs to its group and nothing else.</summary>
internal sealed class AgentGate(IMetadataStore metadata, ApiKeys keys, ClientCertificates certificates, KeyUses uses)
{
    /// <summary>The agent whose key the request bears.</summary>
    /// <exception cref="Foundation.Errors.BackupException">8001, 8002, 8005, 8031 to 8037, 8040 to 8042.</exception>
    public async Task<AgentRecord> AuthenticateAsync(HttpContext context) => (await HolderAsync(context)).Agent;

    /// <summary>The key that the request bears, and its agent.</summary>
    /// <param name="context">With the request.</param>
    /// <param name="alsoPending">A key that was handed out and not confirmed is good too.</param>
    /// <param name="anyProtocol">An agent of another release is let in too.</param>
    /// <exception cref="Foundation.Errors.BackupException">8001, 8002, 8005, 8031 to 8037, 8040 to 8042.</exception>
    public async Task<KeyHolder> HolderAsync(HttpContext context, bool alsoPending = false, bool anyProtocol = false)
    {
        if (!anyProtocol)
        {
            RequireProtocol(context.Request);
        }

        var holder = await keys.HolderAsync(context) ?? throw BackupHttpServerErrors.NoKey();
        var (key, agent) = holder;
        if (agent.Revoked)
        {
            throw BackupHttpServerErrors.Revoked(agent.Id);
        }

        switch (key.State)
        {
            // Who held a key once is told how it ended: their operator looks for the reason elsewhere otherwise.
            case ApiKeyState.Revoked:
                throw BackupHttpServerErrors.RevokedKey(key.Id);
            case ApiKeyState.Replaced:
                throw BackupHttpServerErrors.ReplacedKey(key.Id);
            case ApiKeyState.Pending when !alsoPending:
                throw BackupHttpServerErrors.PendingKey(key.Id);
            default:
                break;
        }

        Admission.Pass.Of(context).ForAgent(agent.Id);
        await certificates.CheckAsync(context, agent);
        uses.Used(key.Id);
        if (keys.IsDue(key) && key.State == ApiKeyState.Valid)
        {
            context.Response.Headers[AgentHeaders.KeyRotation] = "wanted";
        }

        return holder;
    }

    /// <exception cref="Foundation.Errors.BackupException">8005.</exception>
    public static void RequireProtocol(HttpRequest request)
    {
        var given = request.Headers[AgentHeaders.Protocol].ToString();
        if (given != AgentProtocol.Version.ToString())
        {
            throw BackupHttpServerErrors.Protocol(given, AgentProtocol.Version);
        }
    }

    /// <exception cref="Foundation.Errors.BackupException">8004 where there is none in the agent's group.</exception>
    public async Task<Deployment> DeploymentAsync(AgentRecord agent, string id, CancellationToken cancellation)
    {
        var found = await metadata.Deployments.FindAsync(id, cancellation);
        return found is not null && found.GroupId == agent.GroupId && found.IsProtected
            ? found
            : throw BackupHttpServerErrors.Nothing("such deployment");
    }

    /// <exception cref="Foundation.Errors.BackupException">8004 where there is none in the agent's group.</exception>
    public async Task<ReplicaSetRecord> ReplicaSetAsync(AgentRecord agent, string id, CancellationToken cancellation)
    {
        var found =
            await metadata.Deployments.FindReplicaSetAsync(id, cancellation)
            ?? throw BackupHttpServerErrors.Nothing("such replica set");
        _ = await DeploymentAsync(agent, found.DeploymentId, cancellation);
        return found;
    }

    /// <summary>The catalogue as the agent may write it: each write is done only while the lease that the request names is the current one.</summary>
    /// <exception cref="Foundation.Errors.BackupException">8006 no fence, 8020 the lease is over already: known before the body is read.</exception>
    public async Task<IMetadataStore> UnderLeaseAsync(HttpContext context, AgentRecord agent, string deploymentId)
    {
        var values = context.Request.Headers[AgentHeaders.Fence];
        if (
            values.Count != 1
            || !long.TryParse(values[0], NumberStyles.None, CultureInfo.InvariantCulture, out var fence)
        )
        {
            throw BackupHttpServerErrors.Header(AgentHeaders.Fence, "is no fencing number");
        }

        var lease = await metadata.Leases.FindAsync(deploymentId, context.RequestAborted);
        return lease is not null && lease.Fence == fence && lease.AgentId == agent.Id
            ? metadata.Under(new LeaseProof(deploymentId, agent.Id, fence))
            : throw BackupHttpServerErrors.Taken(
                fence,
                lease?.AgentId is { } holder
                    ? $"The agent {holder} has the lease {lease.Fence}"
                    : "Nobody has the lease"
            );
    }

    /// <summary>The sync of a whole replica set, and that set.</summary>
    /// <exception cref="Foundation.Errors.BackupException">8004 none in the agent's group, 8019 it is no longer the current one, or a partial one.</exception>
    public async Task<(SyncRecord Sync, ReplicaSetRecord ReplicaSet)> SyncAsync(
        AgentRecord agent,
        string id,
        CancellationToken cancellation
    )
    {
        var (sync, replicaSet) = await AnySyncAsync(agent, id, cancellation);
        return sync.IsPartial ? throw BackupHttpServerErrors.Over(id) : (sync, replicaSet);
    }

    /// <summary>The sync of a whole replica set or a partial one beside it, and that set.</summary>
    /// <exception cref="Foundation.Errors.BackupException">8004 none in the agent's group, 8019 it is no longer the current one.</exception>
    public async Task<(SyncRecord Sync, ReplicaSetRecord ReplicaSet)> AnySyncAsync(
        AgentRecord agent,
        string id,
        CancellationToken cancellation
    )
    {
        var sync =
            await metadata.Syncs.FindAsync(id, cancellation) ?? throw BackupHttpServerErrors.Nothing("such sync");
        var replicaSet = await ReplicaSetAsync(agent, sync.ReplicaSetId, cancellation);
        return replicaSet.SyncId == (sync.Beside ?? sync.Id) && sync.State != SyncState.Abandoned
            ? (sync, replicaSet)
            : throw BackupHttpServerErrors.Over(id);
    }
}

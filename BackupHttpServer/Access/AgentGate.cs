using System.Security.Cryptography;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Microsoft.AspNetCore.Http;

namespace Backup.BackupHttpServer.Access;

/// <summary>Who asks, and what they may see: an agent sees what belongs to its group and nothing else.</summary>
internal sealed class AgentGate(IMetadataStore metadata)
{
    private const string Scheme = "Bearer ";
    internal const int KeyLength = 32;

    /// <summary>The agent whose key the request bears.</summary>
    /// <exception cref="Foundation.Errors.BackupException">8001, 8002, 8005.</exception>
    public async Task<AgentRecord> AuthenticateAsync(HttpContext context)
    {
        RequireProtocol(context.Request);
        var header = context.Request.Headers.Authorization;
        var text = header.Count == 1 ? header[0] : null;
        if (
            text is null
            || !text.StartsWith(Scheme, StringComparison.Ordinal)
            || !EnrolmentTokenText.TryDecode(text[Scheme.Length..], KeyLength, out var key)
        )
        {
            throw BackupHttpServerErrors.NoKey();
        }

        var hash = SHA256.HashData(key);
        CryptographicOperations.ZeroMemory(key);
        var agent = await metadata.Access.FindAgentByKeyAsync(hash, context.RequestAborted);
        return agent is not null && CryptographicOperations.FixedTimeEquals(agent.KeyHash, hash) && !agent.Revoked
            ? agent
            : throw await RefusalAsync(hash, context.RequestAborted);
    }

    /// <summary>Who held a key once is told that it was revoked: their operator looks for the reason elsewhere otherwise.</summary>
    private async Task<BackupException> RefusalAsync(byte[] keyHash, CancellationToken cancellation)
    {
        var all = await metadata.Access.AgentsAsync(cancellation);
        return
            all.FirstOrDefault(one => one.Revoked && CryptographicOperations.FixedTimeEquals(one.KeyHash, keyHash))
                is { } revoked
            ? BackupHttpServerErrors.Revoked(revoked.Id)
            : BackupHttpServerErrors.NoKey();
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
        var all = await metadata.Deployments.ListAsync(cancellation);
        return all.FirstOrDefault(one => one.Id == id && one.GroupId == agent.GroupId)
            ?? throw BackupHttpServerErrors.Nothing("such deployment");
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

    /// <summary>The sync and its replica set.</summary>
    /// <exception cref="Foundation.Errors.BackupException">8004 none in the agent's group, 8019 it is no longer the current one.</exception>
    public async Task<(SyncRecord Sync, ReplicaSetRecord ReplicaSet)> SyncAsync(
        AgentRecord agent,
        string id,
        CancellationToken cancellation
    )
    {
        var sync =
            await metadata.Syncs.FindAsync(id, cancellation) ?? throw BackupHttpServerErrors.Nothing("such sync");
        var replicaSet = await ReplicaSetAsync(agent, sync.ReplicaSetId, cancellation);
        return replicaSet.SyncId == sync.Id && sync.State != SyncState.Abandoned
            ? (sync, replicaSet)
            : throw BackupHttpServerErrors.Over(id);
    }
}

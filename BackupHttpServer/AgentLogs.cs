using Backup.Foundation.Contracts;
using Backup.Metadata;

namespace Backup.BackupHttpServer;

/// <summary>Log lines that agents are asked for (<see cref="AgentRequests"/>), with the answer to a heartbeat.</summary>
internal static class AgentLogs
{
    /// <summary>An agent that was not heard for so long is not asked any more: nobody waits for it.</summary>
    internal static readonly TimeSpan RequestLife = TimeSpan.FromMinutes(1);

    /// <summary>What the agent is asked for now; null where nobody waits.</summary>
    internal static async Task<LogRequest?> PendingAsync(
        IMetadataStore metadata,
        string agentId,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var found = await metadata.AgentLogs.FindAsync(agentId, cancellation);
        return found is { Excerpt: null } && (time.GetUtcNow() - found.RequestedAt).Duration() < RequestLife
            ? new LogRequest(found.RequestId, found.Lines, found.SinceSeconds)
            : null;
    }
}

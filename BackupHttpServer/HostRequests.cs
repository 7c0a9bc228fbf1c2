using System.Text.Json;
using Backup.Foundation.Contracts;
using Backup.Metadata;

namespace Backup.BackupHttpServer;

/// <summary>What is asked of a source's servers (<see cref="AgentRequests"/>): handed to the agent that reads the source with the answer to a heartbeat, once.</summary>
internal static class HostRequests
{
    /// <summary>One that was not handed out in that time is not done any more: nobody waits for it.</summary>
    internal static readonly TimeSpan RequestLife = TimeSpan.FromSeconds(30);

    /// <summary>What that agent is to do now; null where nothing is asked, or another agent reads the source.</summary>
    internal static async Task<HostRequest?> TakeAsync(
        IMetadataStore metadata,
        string deploymentId,
        string agentId,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var newest = await metadata.HostRequests.FindAsync(deploymentId, cancellation);
        if (
            newest is null or { Answer: not null }
            || (await metadata.Leases.FindAsync(deploymentId, cancellation))?.AgentId != agentId
        )
        {
            return null;
        }

        var taken = await metadata.HostRequests.TakeAsync(deploymentId, time.GetUtcNow() - RequestLife, cancellation);
        return taken is null ? null : JsonSerializer.Deserialize(taken.Request, AgentJson.Default.HostRequest);
    }
}

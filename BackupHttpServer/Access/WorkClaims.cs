using Backup.Metadata;

namespace Backup.BackupHttpServer.Access;

/// <summary>One agent at a time works on a deployment: the one that last reported on it, until it has been silent for a while.</summary>
internal sealed class WorkClaims(IMetadataStore metadata, TimeProvider time)
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(30);

    /// <summary>The id of another agent that works on the deployment now; null where this one may.</summary>
    public async Task<string?> HolderAsync(AgentRecord agent, string deploymentId, CancellationToken cancellation)
    {
        var reports = await metadata.Deployments.AgentReportsAsync(cancellation);
        var report = reports.FirstOrDefault(one => one.DeploymentId == deploymentId);
        if (report is null || report.AgentId == agent.Id || time.GetUtcNow() - report.At > Silence)
        {
            return null;
        }

        var agents = await metadata.Access.AgentsAsync(cancellation);
        return agents.Any(one => one.Id == report.AgentId && !one.Revoked) ? report.AgentId : null;
    }
}

using Backup.Agent.Source;
using Backup.MongoWire.Client;

namespace Backup.Agent.Clusters;

/// <summary>Whether the user may do what the agent does on a cluster's routers; the roles backup, clusterMonitor and clusterManager are enough.</summary>
internal static class ClusterPrivileges
{
    /// <exception cref="Foundation.Errors.BackupException">7007 with all that is missing.</exception>
    public static async Task CheckAsync(MongoClient routers, CancellationToken cancellation)
    {
        var (user, missing) = await Privileges.MissingAsync(
            routers,
            ReadTarget.Primary,
            Privileges.OfCluster,
            cancellation
        );
        if (missing.Count > 0)
        {
            throw AgentErrors.NoPrivileges(user ?? "", missing);
        }
    }
}

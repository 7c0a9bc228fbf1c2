using Backup.AlertService.Conditions;
using Backup.Metadata;

namespace Backup.AlertService.Watch;

/// <summary>What is of a sharded cluster as a whole.</summary>
internal static class ClusterProbes
{
    /// <summary>An agent says something every few seconds.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);

    /// <summary>A balancer that a cut keeps at rest is in good hands only while the agent that is to start it again is there.</summary>
    public static IEnumerable<Finding> LeftOff(Facts facts) =>
        facts.Clusters.Select(cluster =>
        {
            var deployment = cluster.Deployment;
            var isHeld = cluster.Cut is CutState.Stopping or CutState.Marking && IsWorkedOn(facts, deployment.Id);
            return new Finding(
                AlertConditions.BalancerLeftOff,
                deployment.Id,
                cluster.Debt is null || isHeld ? 0 : 1,
                () =>
                    new AlertWords(
                        AlertServiceErrors.BalancerOff(deployment.Name, Words.At(cluster.Debt!.Since)),
                        "Chunks are not moved: shards fill unevenly for as long as it is off."
                    )
            )
            {
                GroupId = deployment.GroupId,
                DeploymentId = deployment.Id,
            };
        });

    private static bool IsWorkedOn(Facts facts, string deploymentId) =>
        facts.Reports.Any(one => one.DeploymentId == deploymentId && facts.SilentFor(one.At) < Silence);
}

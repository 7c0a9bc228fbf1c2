using Backup.Foundation.Errors;
using Backup.Metadata;

namespace Backup.Daemon.Cuts;

/// <summary>What has to be known of a cluster's cuts: raised where one fails, over with the next that is complete.</summary>
internal static class CutAlerts
{
    internal const string SnapshotFailed = "cluster-snapshot-failed";
    internal const string CheckpointFailed = "cluster-checkpoint-failed";
    internal const string BalancerNotStopped = "balancer-not-stopped";

    private static string ConditionOf(CutKind kind) => kind == CutKind.Snapshot ? SnapshotFailed : CheckpointFailed;

    /// <summary>Fails the cut, where it is open, and raises the alert.</summary>
    internal static async Task FailAsync(
        IMetadataStore metadata,
        string clusterId,
        CutKind kind,
        string cutId,
        BackupException failure,
        CancellationToken cancellation
    )
    {
        await metadata.Clusters.FailCutAsync(cutId, failure.Code, failure.Message, failure.Hint, cancellation);
        await RaiseAsync(metadata, clusterId, kind, failure, cancellation);
    }

    internal static Task RaiseAsync(
        IMetadataStore metadata,
        string clusterId,
        CutKind kind,
        BackupException failure,
        CancellationToken cancellation
    ) =>
        metadata.Alerts.RaiseAsync(
            ConditionOf(kind),
            clusterId,
            failure.Code,
            failure.Message,
            failure.Hint,
            cancellation
        );

    internal static async Task CompletedAsync(
        IMetadataStore metadata,
        Deployment cluster,
        CutRecord cut,
        CancellationToken cancellation
    )
    {
        await metadata.Alerts.ResolveAsync(ConditionOf(cut.Kind), cut.ClusterId, cancellation);
        if (cut.BalancerRested != false)
        {
            await metadata.Alerts.ResolveAsync(BalancerNotStopped, cut.ClusterId, cancellation);
            return;
        }

        var flag = DaemonErrors.BalancerAwake(cluster.Name);
        await metadata.Alerts.RaiseAsync(
            BalancerNotStopped,
            cut.ClusterId,
            cut.Code ?? flag.Code,
            cut.Message ?? flag.Message,
            cut.Hint ?? flag.Hint,
            cancellation
        );
    }
}

using Backup.Foundation.Errors;

namespace Backup.Daemon;

public static partial class DaemonErrors
{
    public const int ClusterMoment = 9035;
    public const int ShardNotBackedUp = 9036;
    public const int NoClusterYet = 9037;
    public const int CutIncomplete = 9038;
    public const int NoSuchCut = 9039;

    /// <param name="near">Moments of the whole cluster before and after it; empty where there is none.</param>
    public static BackupException MomentOfSet(
        string cluster,
        string set,
        string moment,
        BackupException cause,
        string near
    ) =>
        new(
            ClusterMoment,
            $"{Capital(moment)} of the cluster '{cluster}' cannot be restored, since its set '{set}' cannot: {cause.Code} {cause.Message}",
            near.Length > 0
                ? $"The nearest moments of the whole cluster (--optime): {near}. 'backup ranges {cluster}' lists all; one set alone: backup restore {cluster}/SET …"
                : $"'backup ranges {cluster}' lists what can be restored; one set alone: backup restore {cluster}/SET …",
            cause.IsTransient,
            cause
        );

    public static BackupException UnknownShard(string cluster, string shard, string moment) =>
        new(
            ShardNotBackedUp,
            $"The config servers of '{cluster}' name the shard '{shard}' at {moment}, and there is no backup of it.",
            $"Wait until it is backed up ('backup status'), or restore a moment before it was added ('backup ranges {cluster}')."
        );

    public static BackupException NothingOfCluster(string cluster) =>
        new(
            NoClusterYet,
            $"No moment of the cluster '{cluster}' can be restored yet: there is no backup of its config servers.",
            "'backup status' shows how far their initial sync is."
        );

    public static BackupException MissingPart(string cut, string set) =>
        new(
            CutIncomplete,
            $"The cluster snapshot '{cut}' lacks the set '{set}'.",
            "Restore another snapshot or a moment ('backup ranges CLUSTER'), or the sets that it has by themselves ('backup restore CLUSTER/SET …')."
        );

    public static BackupException UnknownCut(string cut, string cluster) =>
        new(
            NoSuchCut,
            $"There is no complete snapshot '{cut}' of the cluster '{cluster}'.",
            $"'backup snapshots {cluster}' lists those that are there."
        );
}

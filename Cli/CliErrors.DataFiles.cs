using Backup.Foundation.Errors;

namespace Backup.Cli;

/// <content>9561 to 9569: data files.</content>
public static partial class CliErrors
{
    public const int WholeClusterDataFiles = 9561;

    public static BackupException DataFilesOfWholeCluster(string name) =>
        new(
            WholeClusterDataFiles,
            $"'{name}' is a sharded cluster: data files are those of one replica set.",
            "Restore one set of it: backup restore CLUSTER/SHARD … --format data-files; or all of it in another form (leave --format out), or straight into a cluster (--to URI)."
        );
}

using Backup.Daemon.DataFiles;
using Backup.Daemon.PointInTime;
using Backup.Daemon.Restores;
using Backup.Daemon.Targets;
using Backup.Foundation;
using Backup.Metadata;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Appliance;

/// <summary>Data files that are built, and what is told of them.</summary>
internal sealed record BuiltView(BuiltDataFiles Files, DataFilesView View) : IDisposable
{
    public void Dispose() => Files.Dispose();
}

/// <summary>Restores of replica sets to data files, through a mongod.</summary>
/// <param name="metadata">The catalogue of everything.</param>
/// <param name="restores">Opens what is restored.</param>
/// <param name="backEnd">Names the folder for what is temporary.</param>
/// <param name="service">Builds them.</param>
internal sealed class DataFilesOperations(
    IMetadataStore metadata,
    ClusterRestoreOperations restores,
    BackEnd backEnd,
    DataFilesService service
)
{
    /// <param name="request">What, and how.</param>
    /// <param name="moment">Null for a snapshot.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellation">Stops; nothing is left.</param>
    /// <exception cref="Foundation.Errors.BackupException">9561 of a cluster, 9168; those of opening and of building.</exception>
    internal async Task<BuiltView> BuildAsync(
        DataFilesRequest request,
        RestorePoint? moment,
        IProgress<TargetProgress> progress,
        CancellationToken cancellation
    )
    {
        var seed = request.Seed is { } text ? ReplicaSetSeed.Parse(text, request.OplogMegabytes) : null;
        if (await ClusterNames.FindAsync(metadata, request.Subject, cancellation) is { } cluster)
        {
            throw CliErrors.DataFilesOfWholeCluster(cluster.Name);
        }

        await using var restore = await restores.OpenAsync(
            new RestoreSelection(request.Subject, request.Snapshot, moment, request.Namespaces, request.Users),
            new ReplayPhase(progress),
            cancellation
        );
        restore.Rename([.. request.Renames.Select(NamespaceRename.Parse)]);
        var options = new DataFilesOptions(request.Folder, seed, request.DirectoryPerDatabase);
        var files = await service.BuildAsync(restore, options, backEnd.Options, progress, cancellation);
        return new BuiltView(files, View(request, restore, files.Result));
    }

    private static DataFilesView View(DataFilesRequest request, OpenRestore restore, DataFilesResult result) =>
        new(
            true,
            result.MongoVersion,
            result.FeatureCompatibilityVersion,
            result.Collections,
            result.Documents,
            result.DocumentBytes,
            result.FileBytes,
            new OptimeView(restore.Optime.T, restore.Optime.I),
            request.Folder,
            request.Seed,
            result.Users == 0 ? null : result.Users,
            result.Notices.Count == 0 ? null : result.Notices,
            LeftOutViews.Of(restore.Excluded),
            LeftOutViews.Of(restore.Undecided)
        );
}

using Backup.Blockstore;
using Backup.Cli.Control;
using Backup.Daemon.Clusters;
using Backup.Daemon.PointInTime;
using Backup.Daemon.Restores;
using Backup.Daemon.Targets;
using Backup.Foundation;
using Backup.Metadata;
using Backup.WebUI.Contracts;
using Microsoft.Extensions.Logging;

namespace Backup.Cli.Appliance;

/// <summary>What of a backup is restored.</summary>
/// <param name="Subject">A replica set or a cluster, as users name it.</param>
/// <param name="Snapshot">Its id; null for the newest, or where a moment is given.</param>
/// <param name="Moment">Null for a snapshot.</param>
/// <param name="Namespaces">None: everything.</param>
/// <param name="Users">With users and roles.</param>
internal sealed record RestoreSelection(
    string Subject,
    string? Snapshot,
    RestorePoint? Moment,
    IReadOnlyList<string> Namespaces,
    bool Users
);

/// <summary>Restores of whole clusters, and restores of anything straight into MongoDB.</summary>
/// <param name="metadata">The catalogue of everything.</param>
/// <param name="objects">Slices.</param>
/// <param name="backEnd">Blocks, and how much memory a restore may take.</param>
/// <param name="replicaSets">Restores of replica sets.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where restores log.</param>
internal sealed class ClusterRestoreOperations(
    IMetadataStore metadata,
    IObjectStore objects,
    BackEnd backEnd,
    RestoreOperations replicaSets,
    TimeProvider time,
    ILogger logger
)
{
    /// <exception cref="Foundation.Errors.BackupException">9506, 9507.</exception>
    internal async Task<SubjectView> SubjectAsync(string subject, CancellationToken cancellation)
    {
        if (await ClusterNames.FindAsync(metadata, subject, cancellation) is { } cluster)
        {
            return new SubjectView(SubjectView.Cluster, cluster.Name, cluster.Id);
        }

        var set = await ReplicaSetNames.FindAsync(metadata, subject, cancellation);
        return new SubjectView(SubjectView.ReplicaSet, set.Name, set.Id);
    }

    /// <summary>Of a replica set or of a cluster.</summary>
    internal async Task<RangesView> RangesAsync(string replicaSet, CancellationToken cancellation)
    {
        if (await ClusterNames.FindAsync(metadata, replicaSet, cancellation) is not { } cluster)
        {
            return await replicaSets.RangesAsync(replicaSet, cancellation);
        }

        return View(cluster, await new ClusterTimelineReader(Services()).ReadAsync(cluster.Id, cancellation));
    }

    /// <param name="glance">In which it is.</param>
    /// <param name="cluster">Its deployment.</param>
    /// <param name="cancellation">Gives up.</param>
    internal async Task<RangesView> RangesAsync(Glance glance, Deployment cluster, CancellationToken cancellation) =>
        View(cluster, await new ClusterTimelineReader(Services()).ReadAsync(glance, cluster.Id, cancellation));

    private static RangesView View(Deployment cluster, ClusterTimeline timeline) =>
        new(
            cluster.Name,
            [.. timeline.Ranges.Select(range => new RangeView(Moments.First(range.From), Moments.Last(range.To)))],
            [
                .. timeline.Gaps.Select(gap =>
                    RestoreOperations.View(gap.Gap) with
                    {
                        Set = gap.Set,
                        Cause = gap.IsAbsent
                            ? new CauseView("not-backed-up", gap.Gap.Cause, Error: null)
                            : RestoreOperations.View(gap.Gap).Cause,
                    }
                ),
            ]
        )
        {
            Cuts = [.. timeline.Cuts.Select(View)],
        };

    /// <param name="cluster">As users name it.</param>
    /// <param name="which">The cut's id, empty for the newest; null where a moment is given.</param>
    /// <param name="moment">Null for a cut.</param>
    /// <param name="format">How it will be written.</param>
    /// <param name="only">What is restored; null: everything.</param>
    /// <param name="id">Under which the progress of the replay is told; null for nobody.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <param name="progress">Told how far the replay is, where no id is given.</param>
    internal async Task<OpenRestore> OpenMergedAsync(
        string cluster,
        string? which,
        RestorePoint? moment,
        RestoreFormat format,
        IReadOnlyList<NamespacePattern>? only,
        string? id,
        CancellationToken cancellation,
        IProgress<ReplayProgress>? progress = null
    )
    {
        var found = await ClusterNames.RequireAsync(metadata, cluster, cancellation);
        var service = new ClusterRestoreService(Services());
        var point = await PointAsync(service, found, which, moment, cancellation);
        return await replicaSets.FollowedAsync(
            id,
            told => service.OpenMergedAsync(found, point, format, only, told ?? progress, cancellation)
        );
    }

    /// <summary>The newest complete snapshot of a cluster, or the one of that id.</summary>
    /// <exception cref="Foundation.Errors.BackupException">9039, 9530.</exception>
    internal async Task<CutRecord> CutAsync(string cluster, string? id, CancellationToken cancellation) =>
        await new ClusterRestoreService(Services()).CutAsync(
            await ClusterNames.RequireAsync(metadata, cluster, cancellation),
            id,
            cancellation
        );

    /// <summary>Set by set.</summary>
    internal async Task<ClusterFiles> OpenFilesAsync(
        string cluster,
        string? which,
        RestorePoint? moment,
        bool isRaw,
        IReadOnlyList<NamespacePattern>? only,
        string? id,
        CancellationToken cancellation
    )
    {
        var found = await ClusterNames.RequireAsync(metadata, cluster, cancellation);
        var service = new ClusterRestoreService(Services());
        var point = await PointAsync(service, found, which, moment, cancellation);
        return await replicaSets.FollowedAsync(
            id,
            told => service.OpenFilesAsync(found, point, only, isRaw, told, cancellation)
        );
    }

    /// <summary>Straight into MongoDB: a replica set or a cluster.</summary>
    /// <param name="request">What and where to.</param>
    /// <param name="moment">Null for a snapshot.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellation">Stops; what was restored stays.</param>
    internal async Task<TargetView> RestoreAsync(
        TargetRequest request,
        RestorePoint? moment,
        IProgress<TargetProgress> progress,
        CancellationToken cancellation
    )
    {
        if (request.Parallelism is < 1 or > 64)
        {
            throw CliErrors.Argument($"{request.Parallelism} batches at the same time.", "Give 1 to 64.");
        }

        // What is wrong with the target is said before the oplog is replayed for it.
        await using var target = await RestoreTarget.OpenAsync(request.Uri, cancellation);
        await using var restore = await OpenAsync(
            new RestoreSelection(request.Subject, request.Snapshot, moment, request.Namespaces, request.Users),
            new ReplayPhase(progress),
            cancellation
        );
        restore.Rename([.. (request.Renames ?? []).Select(NamespaceRename.Parse)]);
        var options = new TargetOptions(request.Drop, request.Parallelism, request.Resume, Hashes: !request.IsCounted);
        var writer = new TargetWriter(target, options, time);
        if (request.IsDryRun)
        {
            return DryRun(await restore.LookAsync(writer, cancellation), restore);
        }

        var result = await restore.WriteAsync(writer, progress, cancellation);
        return new TargetView(
            true,
            result.Collections,
            result.Documents,
            result.Bytes,
            new OptimeView(restore.Optime.T, restore.Optime.I),
            LeftOutViews.Of(restore.Excluded),
            LeftOutViews.Of(restore.Undecided),
            result.Notices.Count == 0 ? null : result.Notices,
            result.AlreadyThere == 0 ? null : result.AlreadyThere,
            result.Users == 0 ? null : result.Users,
            request.IsCounted ? "count" : "hash"
        );
    }

    private static TargetView DryRun(TargetReport report, OpenRestore restore)
    {
        var (least, most) = report.Duration;
        return new TargetView(
            true,
            0,
            0,
            0,
            new OptimeView(restore.Optime.T, restore.Optime.I),
            null,
            null,
            null,
            DryRun: new TargetReportView(
                report.Version,
                report.FeatureCompatibilityVersion,
                report.IsCluster,
                report.Collections,
                report.ExpectedBytes,
                report.FreeBytes,
                (long)least.TotalSeconds,
                (long)most.TotalSeconds,
                report.Conflicts,
                [.. report.Obstacles, .. report.Different],
                report.Warnings
            )
        );
    }

    /// <summary>A replica set, or a cluster as one.</summary>
    internal async Task<OpenRestore> OpenAsync(
        RestoreSelection request,
        IProgress<ReplayProgress> progress,
        CancellationToken cancellation
    )
    {
        List<NamespacePattern>? only =
            request.Namespaces.Count == 0 ? null : [.. request.Namespaces.Select(NamespacePattern.Parse)];
        if (await ClusterNames.FindAsync(metadata, request.Subject, cancellation) is { } cluster)
        {
            if (request.Users)
            {
                throw CliErrors.UsersOfCluster(cluster.Name);
            }

            var which = request.Moment is null ? request.Snapshot ?? "" : null;
            return await OpenMergedAsync(
                cluster.Id,
                which,
                request.Moment,
                RestoreFormat.Archive,
                only,
                id: null,
                cancellation,
                progress
            );
        }

        if (request.Moment is { } point)
        {
            return await replicaSets.OpenMomentAsync(
                request.Subject,
                point,
                RestoreFormat.Archive,
                id: null,
                only,
                cancellation,
                progress,
                request.Users
            );
        }

        var set = await ReplicaSetNames.FindAsync(metadata, request.Subject, cancellation);
        var snapshots = await metadata.Snapshots.ListAsync(set.Id, cancellation);
        var chosen = request.Snapshot is { } id
            ? snapshots.FirstOrDefault(one => one.Id == id) ?? throw CliErrors.NoSuchSnapshot(id)
            : snapshots.FirstOrDefault() ?? throw CliErrors.NothingToRestore(set.Name);
        return await replicaSets.OpenSnapshotAsync(chosen.Id, RestoreFormat.Archive, only, cancellation, request.Users);
    }

    private static async Task<ClusterPoint> PointAsync(
        ClusterRestoreService service,
        Deployment cluster,
        string? which,
        RestorePoint? moment,
        CancellationToken cancellation
    ) =>
        moment is { } point
            ? new ClusterPoint(null, point)
            : new ClusterPoint(
                await service.CutAsync(cluster, string.IsNullOrEmpty(which) ? null : which, cancellation),
                null
            );

    private static CutView View(CutRecord cut) =>
        new(cut.Id, cut.Kind == CutKind.Snapshot ? "snapshot" : "checkpoint", Moments.First(cut.Time));

    private RestoreServices Services() => new(metadata, backEnd.Blocks, objects, backEnd.Options, time, logger);
}

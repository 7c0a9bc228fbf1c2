using Backup.Daemon.PointInTime;
using Backup.Daemon.Restores;
using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.Snapshots.Exports;
using Backup.Snapshots.Sharding;

namespace Backup.Daemon.Clusters;

/// <summary>What of a cluster is restored: a complete cut, or a moment; exactly one of them.</summary>
public sealed record ClusterPoint(CutRecord? Cut, RestorePoint? Moment);

/// <summary>Opens whole clusters to be written out: as one, or set by set.</summary>
public sealed class ClusterRestoreService(RestoreServices services)
{
    private readonly ClusterOpener _opener = new(services);

    /// <summary>The newest complete snapshot of a cluster, or the one of that id.</summary>
    /// <exception cref="BackupException">9039.</exception>
    public async Task<CutRecord> CutAsync(Deployment cluster, string? id, CancellationToken cancellation = default)
    {
        var cuts = await services.Metadata.Clusters.CutsAsync(cluster.Id, cancellation);
        return cuts.FirstOrDefault(cut =>
                cut.State == CutState.Complete && (id is null ? cut.Kind == CutKind.Snapshot : cut.Id == id)
            ) ?? throw DaemonErrors.UnknownCut(id ?? "newest", cluster.Name);
    }

    /// <summary>The cluster as one: every document once, whatever migrations had left behind.</summary>
    /// <param name="cluster">Its deployment.</param>
    /// <param name="point">Which moment.</param>
    /// <param name="format">How it is written.</param>
    /// <param name="only">The namespaces that are written; null: all.</param>
    /// <param name="progress">Told how far the replay is.</param>
    /// <param name="cancellation">Everything temporary is removed.</param>
    /// <exception cref="BackupException">9017, 9035 to 9039; those of reading.</exception>
    public async Task<OpenRestore> OpenMergedAsync(
        Deployment cluster,
        ClusterPoint point,
        RestoreFormat format,
        IReadOnlyList<NamespacePattern>? only = null,
        IProgress<ReplayProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        var open = await OpenAsync(cluster, point, progress, cancellation);
        try
        {
            var contents = new List<(string, ExportContent)>();
            foreach (var member in open.Members)
            {
                var options = new ExportOptions(Includes: ns => RestoreScope.Wants(only, ns))
                {
                    Owned = new OwnedDocuments(open.Layout, member.Name),
                };
                contents.Add((member.Name, await ExportContent.OfAsync(member.Source.Reader, options, cancellation)));
            }

            var merged = ClusterContent.Merge(open.Layout, contents);
            RestoreScope.Require(merged, only ?? []);
            return new OpenRestore(merged, open.Layout, open.Time, format, [open])
            {
                Excluded =
                [
                    .. open.Members.SelectMany(member =>
                        RestoreScope
                            .Excluded(member.Source.Reader, only)
                            .Select(one => one with { Reason = $"on {member.Name}, {one.Reason}" })
                    ),
                ],
                Undecided = [.. open.Members.SelectMany(static member => member.Source.Undecided)],
            };
        }
        catch
        {
            await open.DisposeAsync();
            throw;
        }
    }

    /// <summary>The cluster set by set, each as an archive, and what is needed to make an empty cluster like it.</summary>
    /// <param name="cluster">Its deployment.</param>
    /// <param name="point">Which moment.</param>
    /// <param name="only">The namespaces that are written; null: all.</param>
    /// <param name="isRaw">With what migrations had left behind.</param>
    /// <param name="progress">Told how far the replay is.</param>
    /// <param name="cancellation">Everything temporary is removed.</param>
    /// <exception cref="BackupException">9035 to 9039; those of reading.</exception>
    public async Task<ClusterFiles> OpenFilesAsync(
        Deployment cluster,
        ClusterPoint point,
        IReadOnlyList<NamespacePattern>? only = null,
        bool isRaw = false,
        IProgress<ReplayProgress>? progress = null,
        CancellationToken cancellation = default
    ) => new(await OpenAsync(cluster, point, progress, cancellation), only, isRaw);

    private Task<OpenCluster> OpenAsync(
        Deployment cluster,
        ClusterPoint point,
        IProgress<ReplayProgress>? progress,
        CancellationToken cancellation
    ) =>
        point.Cut is { } cut ? _opener.OpenAsync(cluster, cut, progress, cancellation)
        : point.Moment is { } moment ? _opener.OpenAsync(cluster, moment, progress, cancellation)
        : throw new ArgumentException("Neither a cut nor a moment.", nameof(point));
}

using System.Runtime.CompilerServices;
using Backup.Blockstore;
using Backup.Daemon.Clusters;
using Backup.Daemon.Documents;
using Backup.Daemon.PointInTime;
using Backup.Foundation;
using Backup.Metadata;
using Backup.MongoWire.Bson;
using Backup.WebUI.Contracts;
using Microsoft.Extensions.Logging;

namespace Backup.Cli.Appliance;

/// <summary>Single documents of a backup: as they were, and what became of them.</summary>
internal sealed class DocumentOperations(
    IMetadataStore metadata,
    IObjectStore objects,
    BackEnd backEnd,
    TimeProvider time,
    ILogger logger
)
{
    /// <summary>As a snapshot has it, or as it was at a moment.</summary>
    internal async Task<DocumentView> GetAsync(
        DocumentRequest request,
        IProgress<ReplayProgress> progress,
        CancellationToken cancellation
    )
    {
        var ids = DocumentIds.Parse(request.Id);
        var found = await ClusterNames.FindAsync(metadata, request.Subject, cancellation) is { } cluster
            ? await OfClusterAsync(cluster, request, ids, progress, cancellation)
            : await OfSetAsync(request, ids, progress, cancellation);
        return new DocumentView(
            View(found.At),
            found.At.WallClock,
            Change: null,
            found.Document is { } document ? Text(document, request.IsCanonical) : null,
            Fields: null,
            found.Shard
        );
    }

    /// <summary>Every version, oldest first.</summary>
    internal async IAsyncEnumerable<DocumentView> HistoryAsync(
        DocumentRequest request,
        IProgress<ReplayProgress> progress,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        RestorePoint? since = request.Since is { } first ? PointOf(first) : null;
        RestorePoint? until = request.Until is { } last ? PointOf(last) : null;
        var ids = DocumentIds.Parse(request.Id);
        var versions = await ClusterNames.FindAsync(metadata, request.Subject, cancellation) is { } cluster
            ? new ClusterHistory(Services(), cluster, request.Namespace, ids).ReadAsync(
                since,
                until,
                progress,
                cancellation
            )
            : new DocumentHistory(
                Services(),
                await ReplicaSetNames.FindAsync(metadata, request.Subject, cancellation),
                request.Namespace,
                ids
            ).ReadAsync(since, until, progress, cancellation);
        await foreach (var version in versions)
        {
            yield return new DocumentView(
                View(version.At),
                version.At.WallClock,
                NameOf(version.Change),
                version.Document is { } document ? Text(document, request.IsCanonical) : null,
                version.Fields.Count > 0 ? version.Fields : null,
                version.Shard
            );
        }
    }

    private async Task<FoundDocument> OfSetAsync(
        DocumentRequest request,
        DocumentIds ids,
        IProgress<ReplayProgress> progress,
        CancellationToken cancellation
    )
    {
        var set = await ReplicaSetNames.FindAsync(metadata, request.Subject, cancellation);
        var service = new DocumentService(Services());
        return request.Moment is { } moment
            ? await service.GetAsync(set, PointOf(moment), request.Namespace, ids, progress, cancellation)
            : await service.GetAsync(
                await SnapshotAsync(set, request.Snapshot, cancellation),
                request.Namespace,
                ids,
                cancellation
            );
    }

    private async Task<FoundDocument> OfClusterAsync(
        Deployment cluster,
        DocumentRequest request,
        DocumentIds ids,
        IProgress<ReplayProgress> progress,
        CancellationToken cancellation
    )
    {
        var point = request.Moment is { } moment
            ? new ClusterPoint(null, PointOf(moment))
            : new ClusterPoint(
                await new ClusterRestoreService(Services()).CutAsync(cluster, request.Snapshot, cancellation),
                null
            );
        return await new ClusterDocuments(Services()).GetAsync(
            cluster,
            point,
            request.Namespace,
            ids,
            progress,
            cancellation
        );
    }

    private async Task<SnapshotRecord> SnapshotAsync(ReplicaSetRecord set, string? id, CancellationToken cancellation)
    {
        var snapshots = await metadata.Snapshots.ListAsync(set.Id, cancellation);
        return id is null
            ? snapshots.FirstOrDefault() ?? throw CliErrors.NothingToRestore(set.Name)
            : snapshots.FirstOrDefault(one => one.Id == id) ?? throw CliErrors.NoSuchSnapshot(id);
    }

    private static RestorePoint PointOf(MomentRequest moment) => NamedMoments.PointOf(moment.Optime, moment.Before);

    private static OptimeView View(Optime optime) => new(optime.T, optime.I);

    private static string Text(BsonDocument document, bool isCanonical) =>
        ExtendedJson.ToText(document.View, isCanonical ? ExtendedJsonMode.Canonical : ExtendedJsonMode.Relaxed);

    private static string NameOf(DocumentChange change) =>
        change switch
        {
            DocumentChange.Was => "was",
            DocumentChange.Inserted => "inserted",
            DocumentChange.Updated => "updated",
            DocumentChange.Deleted => "deleted",
            DocumentChange.Moved => "moved",
            _ => throw new ArgumentOutOfRangeException(nameof(change)),
        };

    private RestoreServices Services() => new(metadata, backEnd.Blocks, objects, backEnd.Options, time, logger);
}

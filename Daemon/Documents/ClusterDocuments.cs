using Backup.Daemon.Clusters;
using Backup.Daemon.PointInTime;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.Snapshots.Sharding;

namespace Backup.Daemon.Documents;

/// <summary>
/// Finds single documents of whole clusters: on every shard, but only where the shard owns the document at that moment. What a migration has copied or
/// left behind is not found.
/// </summary>
public sealed class ClusterDocuments(RestoreServices services)
{
    private readonly ClusterOpener _opener = new(services);

    /// <summary>As a snapshot or any moment has it.</summary>
    /// <param name="cluster">Its deployment.</param>
    /// <param name="point">Which moment.</param>
    /// <param name="ns"><c>db.collection</c>, as it was called at the moment.</param>
    /// <param name="ids">Which document.</param>
    /// <param name="progress">Told how far the replay is.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="BackupException">9035 to 9039 of the moment, 9017, 9151, 9180 where there are several; those of reading.</exception>
    public async Task<FoundDocument> GetAsync(
        Deployment cluster,
        ClusterPoint point,
        string ns,
        DocumentIds ids,
        IProgress<ReplayProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        if (point is not { Cut: null, Moment: { } moment })
        {
            await using var cut = await _opener.OpenAsync(cluster, point.Cut!, progress, cancellation);
            return (await FindAsync(cut, ns, ids, cancellation)).Found;
        }

        await using (
            var selected = await _opener.OpenAsync(
                cluster,
                moment,
                progress,
                cancellation,
                head => new SelectedDocuments(head, ids.Keys)
            )
        )
        {
            var (found, isCapped) = await FindAsync(selected, ns, ids, cancellation);
            if (!isCapped)
            {
                return found;
            }
        }

        // Which documents a capped collection still has rests on all of them.
        await using var whole = await _opener.OpenAsync(cluster, moment, progress, cancellation);
        return (await FindAsync(whole, ns, ids, cancellation)).Found;
    }

    private static async Task<(FoundDocument Found, bool IsCapped)> FindAsync(
        OpenCluster cluster,
        string ns,
        DocumentIds ids,
        CancellationToken cancellation
    )
    {
        var (isThere, isCapped) = (false, false);
        var found = new FoundDocument(null, cluster.Time);
        foreach (var member in cluster.Members)
        {
            var reader = member.Source.Reader;
            var owned = new OwnedDocuments(cluster.Layout, member.Name);
            if (reader.Collections.FirstOrDefault(one => one.Namespace == ns) is not { } collection)
            {
                continue;
            }

            isThere |= owned.Has(collection);
            if (
                !owned.Has(collection)
                || await DocumentService.FindAsync(reader, ns, ids, cancellation) is not { } document
                || !owned.Owns(collection, document.View)
            )
            {
                isCapped |= owned.Has(collection) && collection.IsCapped;
                continue;
            }

            isCapped |= collection.IsCapped;
            found = found.Shard is { } other
                ? throw DaemonErrors.SeveralDocuments(ns, ids.Text, other, member.Name)
                : found with
                {
                    Document = document,
                    Shard = member.Name,
                };
        }

        return isThere ? (found, isCapped) : throw DaemonErrors.NotInBackup(ns);
    }
}

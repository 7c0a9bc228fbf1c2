using Backup.Daemon.PointInTime;
using Backup.Daemon.Restores;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.MongoWire.Bson;
using Backup.Oplog.Catalogues;
using Backup.Snapshots.Reading;

namespace Backup.Daemon.Documents;

/// <summary>Finds single documents in a backup: a few blocks are read of a snapshot, and of a moment after one the oplog in between as well.</summary>
public sealed class DocumentService(RestoreServices services)
{
    private readonly SourceOpener _opener = new(services);

    /// <summary>As a snapshot has it.</summary>
    /// <param name="snapshot">Which.</param>
    /// <param name="ns"><c>db.collection</c>.</param>
    /// <param name="ids">Which document.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="BackupException">9005 where the snapshot is gone, 9017 where it has no such collection, 9151 where it has no documents of it; those of reading.</exception>
    public async Task<FoundDocument> GetAsync(
        SnapshotRecord snapshot,
        string ns,
        DocumentIds ids,
        CancellationToken cancellation = default
    )
    {
        await using var source = await _opener.OpenAsync(snapshot, cancellation);
        return new FoundDocument(await FindAsync(source.Reader, ns, ids, cancellation), source.Optime);
    }

    /// <summary>As it was at a moment.</summary>
    /// <param name="set">Of this replica set.</param>
    /// <param name="point">The moment.</param>
    /// <param name="ns"><c>db.collection</c>, as it was called at the moment.</param>
    /// <param name="ids">Which document.</param>
    /// <param name="progress">Told how far the replay is.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="BackupException">9010 to 9014 of the moment, 9017, 9151; those of reading.</exception>
    public async Task<FoundDocument> GetAsync(
        ReplicaSetRecord set,
        RestorePoint point,
        string ns,
        DocumentIds ids,
        IProgress<ReplayProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        await using (
            var source = await _opener.OpenAsync(
                set,
                point,
                progress,
                cancellation,
                head => new SelectedDocuments(head, ids.Keys)
            )
        )
        {
            if (!Require(source.Reader, ns).IsCapped)
            {
                return new FoundDocument(await FindAsync(source.Reader, ns, ids, cancellation), source.Optime);
            }
        }

        // Which documents a capped collection still has rests on all of them.
        await using var whole = await _opener.OpenAsync(set, point, progress, cancellation);
        return new FoundDocument(await FindAsync(whole.Reader, ns, ids, cancellation), whole.Optime);
    }

    internal static async Task<BsonDocument?> FindAsync(
        SnapshotReader reader,
        string ns,
        DocumentIds ids,
        CancellationToken cancellation
    )
    {
        var collection = Require(reader, ns);
        foreach (var holder in ids.Holders)
        {
            if (await reader.FindAsync(collection.Uuid, holder.View.First, cancellation) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    private static CatalogueCollection Require(SnapshotReader reader, string ns)
    {
        var collection =
            reader.Collections.FirstOrDefault(one => one.Namespace == ns) ?? throw DaemonErrors.NotInBackup(ns);
        return collection.ExcludedBecause is { } why ? throw DaemonErrors.NoDocuments(ns, why) : collection;
    }
}

using System.Runtime.CompilerServices;
using Backup.Daemon.Clusters;
using Backup.Daemon.PointInTime;
using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.MongoWire.Bson;

namespace Backup.Daemon.Documents;

/// <summary>
/// Every version that a document of a cluster had: the histories of all shards in order of time, of which those count that the shard wrote while it owned the
/// document. What migrations copy and remove is no change, nor what a write to many documents does to copies that a shard does not own. Only stretches
/// are told of which the whole cluster can be restored.
/// </summary>
/// <param name="services">Stores, options, clock.</param>
/// <param name="cluster">Its deployment.</param>
/// <param name="ns"><c>db.collection</c>: whichever collection has that name at the time.</param>
/// <param name="ids">Which document.</param>
public sealed class ClusterHistory(RestoreServices services, Deployment cluster, string ns, DocumentIds ids)
{
    /// <summary>All versions between two moments, oldest first, as they are found.</summary>
    /// <param name="since">The first moment; null: the oldest that can be restored.</param>
    /// <param name="until">The last one; null: the newest that is stored.</param>
    /// <param name="progress">Told how far the replay is that finds the document where a stretch begins.</param>
    /// <param name="cancellation">Gives up; everything temporary is removed.</param>
    /// <exception cref="BackupException">9014 where no moment between them can be restored, 9152 where the collection is capped, 9180 where there are several documents; those of reading.</exception>
    public async IAsyncEnumerable<DocumentVersion> ReadAsync(
        RestorePoint? since,
        RestorePoint? until,
        IProgress<ReplayProgress>? progress = null,
        [EnumeratorCancellation] CancellationToken cancellation = default
    )
    {
        var timeline = await new ClusterTimelineReader(services).ReadAsync(cluster.Id, cancellation);
        foreach (
            var (from, to) in HistoryStretches.Of(
                timeline.Ranges.Select(static one => (one.From, one.To)),
                since,
                until,
                cluster.Name
            )
        )
        {
            await foreach (var told in StretchAsync(from, to, progress, cancellation))
            {
                yield return told;
            }
        }
    }

    private async IAsyncEnumerable<DocumentVersion> StretchAsync(
        Optime from,
        Optime to,
        IProgress<ReplayProgress>? progress,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        var begin = await BeginAsync(from, progress, cancellation);
        yield return new DocumentVersion(from, DocumentChange.Was, begin.Document, []) { Shard = begin.Shard };
        var members = await ClusterMember.OfAsync(services.Metadata, cluster.Id, cancellation);
        var modest = ClusterOpener.Modest(services, members.Count);
        await using var owners = await OwnersAsync(modest, members, from, to, cancellation);
        var whereabouts = new Whereabouts(begin, ns, owners);
        await foreach (var (shard, version) in MergedAsync(modest, members, from, to, cancellation))
        {
            if (await whereabouts.MovedAsync(version.At, cancellation) is { } moved)
            {
                yield return moved;
            }

            if (await whereabouts.NextAsync(shard, version, cancellation) is { } told)
            {
                yield return told;
            }
        }

        if (await whereabouts.MovedAsync(to, cancellation) is { } last)
        {
            yield return last;
        }
    }

    /// <summary>Of the newest config servers that have the stretch.</summary>
    private static async Task<OwnerHistory> OwnersAsync(
        RestoreServices services,
        IReadOnlyList<ClusterMember> members,
        Optime from,
        Optime to,
        CancellationToken cancellation
    )
    {
        var config = members.Where(static one => one.IsConfigServers).ToList();
        for (var i = config.Count - 1; ; i--)
        {
            try
            {
                return await OwnerHistory.OpenAsync(services, config[i].Set, from, to, cancellation);
            }
            catch (BackupException) when (i > 0)
            {
                // Another set was the cluster's config servers then.
            }
        }
    }

    /// <summary>What the document is where a stretch begins, and on which shard.</summary>
    private async Task<FoundDocument> BeginAsync(
        Optime from,
        IProgress<ReplayProgress>? progress,
        CancellationToken cancellation
    )
    {
        try
        {
            var point = new ClusterPoint(null, RestorePoint.UpTo(from));
            return await new ClusterDocuments(services).GetAsync(cluster, point, ns, ids, progress, cancellation);
        }
        catch (BackupException absent) when (absent.Number == DaemonErrors.NamespaceUnknown)
        {
            return new FoundDocument(null, from);
        }
    }

    /// <summary>The versions of every set, in order of time.</summary>
    private async IAsyncEnumerable<(string Shard, DocumentVersion Version)> MergedAsync(
        RestoreServices modest,
        IReadOnlyList<ClusterMember> members,
        Optime from,
        Optime to,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        var histories = new List<(string Shard, IAsyncEnumerator<DocumentVersion> Versions)>();
        try
        {
            var next = new PriorityQueue<int, (Optime At, int Place)>();
            foreach (var member in members)
            {
                var history = new DocumentHistory(modest, member.Set, ns, ids);
                var versions = history
                    .ReadAsync(RestorePoint.UpTo(from), RestorePoint.UpTo(to), progress: null, cancellation)
                    .GetAsyncEnumerator(cancellation);
                histories.Add((member.Shard, versions));
                if (await BeginsAsync(versions))
                {
                    next.Enqueue(histories.Count - 1, (versions.Current.At, histories.Count - 1));
                }
            }

            while (next.TryDequeue(out var place, out _))
            {
                var (shard, versions) = histories[place];
                yield return (shard, versions.Current);
                if (await versions.MoveNextAsync())
                {
                    next.Enqueue(place, (versions.Current.At, place));
                }
            }
        }
        finally
        {
            foreach (var (_, versions) in histories)
            {
                await versions.DisposeAsync();
            }
        }
    }

    /// <summary>A set that was no part of the cluster then has no history of it.</summary>
    private static async Task<bool> BeginsAsync(IAsyncEnumerator<DocumentVersion> versions)
    {
        try
        {
            return await versions.MoveNextAsync();
        }
        catch (BackupException nothing) when (nothing.Number == DaemonErrors.NothingToRestore)
        {
            return false;
        }
    }

    /// <summary>Which shard has the document, and what it is for the cluster.</summary>
    private sealed class Whereabouts(FoundDocument begin, string ns, OwnerHistory owners)
    {
        private readonly Dictionary<string, BsonDocument?> _held = new(StringComparer.Ordinal);
        private BsonDocument? _current = begin.Document;
        private string? _owner = begin.Shard;
        private Optime _told = begin.At;

        /// <summary>Where it belongs to another shard by that moment.</summary>
        internal async Task<DocumentVersion?> MovedAsync(Optime at, CancellationToken cancellation)
        {
            await owners.AdvanceAsync(at, cancellation);
            if (_current is not { } current || await owners.OwnerOfAsync(ns, current, cancellation) is not { } owner)
            {
                return null;
            }

            if (owner == _owner)
            {
                return null;
            }

            _owner = owner;
            _told = owners.ChangedAt > _told ? owners.ChangedAt : _told;
            return new DocumentVersion(_told, DocumentChange.Moved, current, []) { Shard = owner };
        }

        /// <summary>What is told of it; null where the cluster's document has not changed.</summary>
        internal async Task<DocumentVersion?> NextAsync(
            string shard,
            DocumentVersion version,
            CancellationToken cancellation
        )
        {
            var before = _held.GetValueOrDefault(shard);
            _held[shard] = version.Document;
            if (version.Change == DocumentChange.Was || version.Source == VersionSource.Migration)
            {
                return null;
            }

            // By what it was, where it is gone.
            var owner = (version.Document ?? before) is { } known
                ? await owners.OwnerOfAsync(ns, known, cancellation)
                : _owner;
            // A collection that is gone is owned by nobody any more: then it counts who had the document.
            var isOwn = owner == shard || (version.Source == VersionSource.Collection && shard == _owner);
            if (!isOwn || DocumentHistory.Same(_current, version.Document))
            {
                return null;
            }

            var told = DocumentVersion.Of(version.At, _current, version.Document) with { Shard = shard };
            (_current, _owner, _told) = (version.Document, version.Document is null ? null : shard, version.At);
            return told;
        }
    }
}

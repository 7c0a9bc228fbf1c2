using System.Runtime.CompilerServices;
using Backup.Blockstore;
using Backup.Daemon.PointInTime;
using Backup.Daemon.Restores;
using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.MongoWire.Bson;
using Backup.Oplog;
using Backup.Snapshots.Heads;

namespace Backup.Daemon.Documents;

/// <summary>
/// Every version that a document had, as the stored oplog tells it: from the nearest base before the first moment on, entry by entry. What of the
/// timeline has a gap is told in stretches, each beginning with what the document was then.
/// </summary>
/// <param name="services">Stores, options, clock.</param>
/// <param name="set">Of this replica set.</param>
/// <param name="ns"><c>db.collection</c>: whichever collection has that name at the time.</param>
/// <param name="ids">Which document.</param>
public sealed class DocumentHistory(RestoreServices services, ReplicaSetRecord set, string ns, DocumentIds ids)
{
    private readonly SourceOpener _opener = new(services);

    /// <summary>All versions between two moments, oldest first, as they are found.</summary>
    /// <param name="since">The first moment; null: the oldest that can be restored.</param>
    /// <param name="until">The last one; null: the newest that is stored.</param>
    /// <param name="progress">Told how far the replay of each stretch is.</param>
    /// <param name="cancellation">Gives up; everything temporary is removed.</param>
    /// <exception cref="BackupException">9014 where no moment between them can be restored, 9152 where the collection is capped; those of reading.</exception>
    public async IAsyncEnumerable<DocumentVersion> ReadAsync(
        RestorePoint? since,
        RestorePoint? until,
        IProgress<ReplayProgress>? progress = null,
        [EnumeratorCancellation] CancellationToken cancellation = default
    )
    {
        var timeline = await new TimelineReader(services.Metadata, services.Blocks).ReadAsync(set.Id, cancellation);
        foreach (
            var (from, to) in HistoryStretches.Of(
                timeline.Ranges.Select(static one => (one.From, one.To)),
                since,
                until,
                set.Name
            )
        )
        {
            await foreach (var version in StretchAsync(from, to, progress, cancellation))
            {
                yield return version;
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
        var (plan, hold) = await _opener.PlanAsync(set, RestorePoint.UpTo(from), cancellation);
        await using (hold)
        {
            var folder = RestoreFolder.Make(services.Options);
            try
            {
                await using var scratch = new ScratchBlockStore(services.Blocks, folder);
                var options = new HeadOptions { MemtableBytes = services.Options.RestoreMemtableBytes };
                using var head = await Head.OpenAsync(scratch, plan.Manifest, options, cancellation);
                var whole = plan with { Point = RestorePoint.UpTo(to) };
                var selected = new SelectedDocuments(head, ids.Keys);
                using var replay = new MomentReplay(whole, head, Path.Combine(folder, "transactions"), selected);
                await foreach (var version in WalkAsync(whole, from, head, selected, replay, progress, cancellation))
                {
                    yield return version;
                }
            }
            finally
            {
                RestoreFolder.Remove(folder);
            }
        }
    }

    private async IAsyncEnumerable<DocumentVersion> WalkAsync(
        RestorePlan plan,
        Optime from,
        Head head,
        SelectedDocuments selected,
        MomentReplay replay,
        IProgress<ReplayProgress>? progress,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        var expected = await services.Metadata.OplogSlices.RawBytesAsync(
            plan.SyncId,
            plan.ReplayFrom,
            plan.Point.AtMost,
            cancellation
        );
        var current = default(BsonDocument?);
        var (hasBegun, bytes) = (false, 0L);
        var slices = new SliceStream(services.Metadata, services.Objects, plan.Set.Name, plan.SyncId);
        if (plan.Point.AtMost > plan.BaseOptime)
        {
            await foreach (var slice in slices.ReadAsync(plan.ReplayFrom, cancellation))
            {
                using (slice)
                {
                    foreach (var entry in slice.Documents())
                    {
                        if (!hasBegun && Begins(entry, from))
                        {
                            hasBegun = true;
                            current = await NowAsync(head, cancellation);
                            yield return new DocumentVersion(from, DocumentChange.Was, current, []);
                        }

                        var isOver = replay.Apply(entry);
                        if (hasBegun && (selected.IsTouched || IsCommand(entry)))
                        {
                            var before = current;
                            current = await NowAsync(head, cancellation);
                            if (!Same(before, current))
                            {
                                yield return DocumentVersion.Of(replay.Optime, before, current) with
                                {
                                    Source = SourceOf(entry),
                                };
                            }
                        }

                        selected.IsTouched = false;
                        if (isOver)
                        {
                            yield break;
                        }
                    }

                    bytes += slice.Memory.Length;
                }

                progress?.Report(new ReplayProgress(replay.Optime, Math.Min(bytes, expected), expected));
                if (replay.IsComplete)
                {
                    break;
                }

                if (head.IsFull)
                {
                    await head.MergeAsync(cancellation);
                    await head.FlushAsync(head.Position with { Optime = replay.Optime }, cancellation);
                }
            }
        }

        if (!hasBegun)
        {
            yield return new DocumentVersion(from, DocumentChange.Was, await NowAsync(head, cancellation), []);
        }
    }

    /// <summary>As the head has it now.</summary>
    private async Task<BsonDocument?> NowAsync(Head head, CancellationToken cancellation)
    {
        var collection = head.Catalogue.FindByName(ns).FirstOrDefault();
        if (collection is null || collection.ExcludedBecause is not null)
        {
            return null;
        }

        return collection.IsCapped
            ? throw DaemonErrors.HistoryOfCapped(ns)
            : await DocumentService.FindAsync(head.OpenReader(), ns, ids, cancellation);
    }

    private static bool Begins(ReadOnlyMemory<byte> entry, Optime from) =>
        new BsonView(entry.Span)["ts"u8].AsTimestamp > from.Timestamp;

    /// <summary>Whether it may change which collection has the name; a transaction is one too.</summary>
    private static bool IsCommand(ReadOnlyMemory<byte> entry) =>
        new BsonView(entry.Span).TryGet("op"u8, out var op) && op.AsUtf8.SequenceEqual("c"u8);

    private static VersionSource SourceOf(ReadOnlyMemory<byte> raw)
    {
        var entry = OplogEntry.Read(new BsonView(raw.Span));
        if (entry.IsFromMigration)
        {
            return VersionSource.Migration;
        }

        if (!entry.Operation.SequenceEqual("c"u8))
        {
            return VersionSource.Write;
        }

        // Migrations of later servers insert several documents by one entry.
        return !entry.Object.TryGet("applyOps"u8, out var operations)
            ? entry.Object.Has("commitTransaction"u8)
                ? VersionSource.Write
                : VersionSource.Collection
            : operations.AsDocument is { IsEmpty: false, First: { Type: BsonType.Document } first }
            && first.AsDocument.TryGet("fromMigrate"u8, out var flag)
            && flag.ToBoolean()
                ? VersionSource.Migration
                : VersionSource.Write;
    }

    internal static bool Same(BsonDocument? left, BsonDocument? right) =>
        left is { } one && right is { } other ? one.Span.SequenceEqual(other.Span) : left is null && right is null;
}

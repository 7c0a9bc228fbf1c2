using System.Buffers;
using Backup.Blockstore;
using Backup.Snapshots.Records;

namespace Backup.Snapshots.Runs;

/// <param name="Namespace">For errors.</param>
/// <param name="ToOldest">The last run is the collection's oldest: deletes vanish, updates are resolved.</param>
/// <param name="FirstOrdinal">Only when merging to the oldest, for capped collections: documents of smaller ordinals were overwritten and are left out.</param>
/// <param name="Concurrency">Blocks compressed at a time.</param>
public sealed record MergeOptions(string Namespace, bool ToOldest, ulong FirstOrdinal = 0, int Concurrency = 2);

/// <summary>
/// Merges runs of one collection into one. A block whose range of keys no other run touches is taken over without being read, if the writer is
/// at a boundary there (otherwise a splinter would stay behind for ever).
/// </summary>
public static class RunMerger
{
    /// <param name="store">Of the runs and of the result.</param>
    /// <param name="newestFirst">At least one run.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellation">Stops between records; nothing refers to what was written.</param>
    /// <returns>Null where nothing is left.</returns>
    /// <exception cref="Foundation.Errors.BackupException">4001 an update without its document, 4002 a damaged block, 4009 updates that come to more than a record can hold.</exception>
    public static async Task<RunReference?> MergeAsync(
        IBlockStore store,
        IReadOnlyList<RunReference> newestFirst,
        MergeOptions options,
        CancellationToken cancellation = default
    )
    {
        await using var writer = new RunWriter(store, options.Concurrency);
        await MergeIntoAsync(store, newestFirst, writer, options, cancellation);
        return await writer.CompleteAsync(cancellation);
    }

    /// <summary>How much a merge to the oldest would hold, without writing it: blocks that no other run touches are not read.</summary>
    /// <param name="store">Of the runs.</param>
    /// <param name="newestFirst">All runs of one collection that is not capped.</param>
    /// <param name="ns">For errors.</param>
    /// <param name="cancellation">Stops between records.</param>
    /// <exception cref="Foundation.Errors.BackupException">4001 an update without its document, 4002 a damaged block.</exception>
    public static async Task<CollectionSize> MeasureAsync(
        IBlockStore store,
        IReadOnlyList<RunReference> newestFirst,
        string ns,
        CancellationToken cancellation = default
    )
    {
        var meter = new MergeMeter();
        await MergeIntoAsync(store, newestFirst, meter, new MergeOptions(ns, ToOldest: true), cancellation);
        return meter.Size;
    }

    private static async Task MergeIntoAsync(
        IBlockStore store,
        IReadOnlyList<RunReference> newestFirst,
        IMergeSink sink,
        MergeOptions options,
        CancellationToken cancellation
    )
    {
        var sources = newestFirst.Select(run => new MergeSource(store, run.Root)).ToArray();
        try
        {
            using var resolver = new RecordResolver(options.Namespace);
            foreach (var source in sources)
            {
                await source.NextBlockAsync(cancellation);
            }

            while (Lowest(sources) is { } lowest)
            {
                if (!lowest.IsClosed)
                {
                    await MergeKeyAsync(sources, lowest, resolver, sink, options, cancellation);
                }
                else if (sink.AtBoundary && CanTakeOver(sources, lowest, options))
                {
                    await sink.AddBlockAsync(lowest.Block, cancellation);
                    await lowest.NextBlockAsync(cancellation);
                }
                else
                {
                    await lowest.OpenAsync(cancellation);
                }
            }
        }
        finally
        {
            foreach (var source in sources)
            {
                source.Dispose();
            }
        }
    }

    /// <summary>Of equal ones an unread block first: its first record may have just this key.</summary>
    private static MergeSource? Lowest(MergeSource[] sources)
    {
        MergeSource? lowest = null;
        foreach (var source in sources)
        {
            if (source.IsAtEnd)
            {
                continue;
            }

            var order = lowest is null ? -1 : source.Low.SequenceCompareTo(lowest.Low);
            if (order < 0 || (order == 0 && source.IsClosed && !lowest!.IsClosed))
            {
                lowest = source;
            }
        }

        return lowest;
    }

    private static bool CanTakeOver(MergeSource[] sources, MergeSource candidate, MergeOptions options)
    {
        if (options.ToOldest && (!candidate.Block.HoldsOnlyDocuments || options.FirstOrdinal > 0))
        {
            return false;
        }

        foreach (var other in sources)
        {
            if (other != candidate && !other.IsAtEnd && other.Low.SequenceCompareTo(candidate.Block.Upper) <= 0)
            {
                return false;
            }
        }

        return true;
    }

    private static async ValueTask MergeKeyAsync(
        MergeSource[] sources,
        MergeSource lowest,
        RecordResolver resolver,
        IMergeSink sink,
        MergeOptions options,
        CancellationToken cancellation
    )
    {
        var layers = ArrayPool<ReadOnlyMemory<byte>>.Shared.Rent(sources.Length);
        var moving = ArrayPool<MergeSource>.Shared.Rent(sources.Length);
        var count = 0;
        foreach (var source in sources)
        {
            if (!source.IsAtEnd && !source.IsClosed && source.Low.SequenceEqual(lowest.Low))
            {
                layers[count] = source.RecordMemory;
                moving[count++] = source;
            }
        }

        var record = resolver.Resolve(layers.AsSpan(0, count), options.ToOldest);
        if (!record.IsEmpty && RecordView.Checked(record.Span).Ordinal >= options.FirstOrdinal)
        {
            await sink.AddAsync(lowest.Low, record.Span, cancellation);
        }

        for (var i = 0; i < count; i++)
        {
            await moving[i].MoveNextAsync(cancellation);
        }

        ArrayPool<ReadOnlyMemory<byte>>.Shared.Return(layers, clearArray: true);
        ArrayPool<MergeSource>.Shared.Return(moving, clearArray: true);
    }
}

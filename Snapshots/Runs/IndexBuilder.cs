using System.Buffers;
using System.Buffers.Binary;
using Backup.Blockstore;

namespace Backup.Snapshots.Runs;

/// <summary>
/// Builds a run's index from the bottom: entries fill pages, pages are entries of the level above, up to one root. Pages end by content
/// (the id of their last entry), so that runs that share a range of blocks share its pages.
/// </summary>
internal sealed class IndexBuilder(IBlockStore store)
{
    internal const int MinEntries = 32;
    internal const int MeanBeyondMin = 96;
    internal const int MaxEntries = 1024;

    private readonly List<List<BlockReference>> _levels = [];
    private readonly ArrayBufferWriter<byte> _page = new();

    internal ValueTask AddAsync(BlockReference block, CancellationToken cancellation) =>
        AddAsync(0, block, cancellation);

    /// <returns>The root; null where nothing was added.</returns>
    internal async ValueTask<RunReference?> CompleteAsync(CancellationToken cancellation)
    {
        for (var level = 0; level < _levels.Count; level++)
        {
            var entries = _levels[level];
            var isTop = level == _levels.Count - 1;
            if (isTop && level > 0 && entries.Count == 1)
            {
                return new RunReference(entries[0].Id, entries[0].Statistics);
            }

            if (entries.Count == 0)
            {
                continue;
            }

            var page = await PutPageAsync(level, cancellation);
            if (isTop)
            {
                return new RunReference(page.Id, page.Statistics);
            }

            await AddAsync(level + 1, page, cancellation);
        }

        return null;
    }

    private async ValueTask AddAsync(int level, BlockReference entry, CancellationToken cancellation)
    {
        if (level == _levels.Count)
        {
            _levels.Add([]);
        }

        var entries = _levels[level];
        entries.Add(entry);
        if (entries.Count >= MaxEntries || (entries.Count >= MinEntries && EndsAfter(entry.Id)))
        {
            await AddAsync(level + 1, await PutPageAsync(level, cancellation), cancellation);
        }
    }

    private async ValueTask<BlockReference> PutPageAsync(int level, CancellationToken cancellation)
    {
        var entries = _levels[level];
        _page.ResetWrittenCount();
        IndexPage.Write(_page, level, entries);
        var put = await store.PutAsync(_page.WrittenMemory, cancellation);
        var sums = entries.Aggregate(default(RunStatistics), (sum, entry) => sum + entry.Statistics);
        var page = new BlockReference(put.Id, entries[0].Lower, entries[^1].Upper, sums);
        entries.Clear();
        return page;
    }

    private static bool EndsAfter(BlockId id)
    {
        Span<byte> bytes = stackalloc byte[BlockId.Length];
        id.CopyTo(bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes) < ulong.MaxValue / MeanBeyondMin;
    }
}

using Backup.Blockstore;

namespace Backup.Snapshots.Runs;

/// <summary>Walks a run's block references in key order; reads index pages, no block. A path of pages is held, no more.</summary>
internal sealed class BlockIterator(IBlockStore store, BlockId root, byte[]? from = null)
{
    // An index of 17 MiB pages at most 1,024 wide is never this deep; a deeper one is damaged or turns in a circle.
    private const int MaxDepth = 16;

    private readonly Stack<(int Level, List<BlockReference> Entries, int Next)> _path = new();
    private bool _started;

    /// <returns>Null at the end.</returns>
    internal async ValueTask<BlockReference?> NextAsync(CancellationToken cancellation)
    {
        if (!_started)
        {
            _started = true;
            await DescendAsync(root, expectedLevel: null, cancellation);
        }

        while (_path.TryPop(out var page))
        {
            if (page.Next == page.Entries.Count)
            {
                continue;
            }

            _path.Push(page with { Next = page.Next + 1 });
            var entry = page.Entries[page.Next];
            if (from is not null && entry.Upper.AsSpan().SequenceCompareTo(from) < 0)
            {
                continue;
            }

            if (page.Level == 0)
            {
                return entry;
            }

            await DescendAsync(entry.Id, page.Level - 1, cancellation);
        }

        return null;
    }

    private async ValueTask DescendAsync(BlockId id, int? expectedLevel, CancellationToken cancellation)
    {
        using var raw = await store.GetAsync(id, cancellation);
        var (level, entries) = IndexPage.Read(raw.Memory.Span, id);
        if (level > MaxDepth || (expectedLevel is { } expected && level != expected))
        {
            throw SnapshotsErrors.Block(
                $"an index page of level {level} where {expectedLevel} should be",
                id.ToString()
            );
        }

        _path.Push((level, entries, 0));
    }
}

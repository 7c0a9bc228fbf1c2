using System.Buffers.Binary;
using Backup.Blockstore;
using Backup.Blockstore.Grooming;
using Backup.Foundation.Errors;
using Backup.Snapshots.Runs;

namespace Backup.Snapshots.Manifests;

/// <summary>Marks every block that a manifest or a run is made of. What several share is gone through once.</summary>
public static class BlockTracer
{
    // As of a run's reader: a deeper index is damaged.
    private const int MaxDepth = 16;

    /// <param name="store">Where it is.</param>
    /// <param name="root">A manifest, or the root page of a run.</param>
    /// <param name="marks">Told of each block.</param>
    /// <param name="cancellation">Stops between blocks.</param>
    /// <exception cref="Foundation.Errors.BackupException">4002, 4003, 4006, 5001 or 5002 where something that refers to others cannot be read.</exception>
    public static async Task TraceAsync(
        IBlockStore store,
        BlockId root,
        IBlockMarks marks,
        CancellationToken cancellation = default
    )
    {
        if (!marks.Enter(root))
        {
            return;
        }

        var failures = new List<BackupException>();
        if (await IsManifestAsync(store, root, cancellation))
        {
            foreach (var page in await ManifestStore.ReadPagesAsync(store, root, cancellation))
            {
                if (marks.Enter(page))
                {
                    await TraceManifestPageAsync(store, page, marks, failures, cancellation);
                }
            }
        }
        else
        {
            await TraceRunAsync(store, root, marks, failures, cancellation);
        }

        if (failures is [var first, ..])
        {
            throw first;
        }
    }

    private static async Task TraceManifestPageAsync(
        IBlockStore store,
        BlockId page,
        IBlockMarks marks,
        List<BackupException> failures,
        CancellationToken cancellation
    )
    {
        IReadOnlyList<BlockId> runs = [];
        try
        {
            runs = await ManifestStore.ReadRunsAsync(store, page, cancellation);
        }
        catch (BackupException failure)
        {
            failures.Add(failure);
        }

        foreach (var run in runs)
        {
            if (marks.Enter(run))
            {
                await TraceRunAsync(store, run, marks, failures, cancellation);
            }
        }
    }

    private static async Task<bool> IsManifestAsync(IBlockStore store, BlockId root, CancellationToken cancellation)
    {
        using var raw = await store.GetAsync(root, cancellation);
        return raw.Memory.Length >= sizeof(uint)
            && BinaryPrimitives.ReadUInt32LittleEndian(raw.Memory.Span) == ManifestEnvelope.RootMagic;
    }

    /// <param name="store">Where it is.</param>
    /// <param name="root">Entered just now.</param>
    /// <param name="marks">Told of all below.</param>
    /// <param name="failures">Told of pages that cannot be read: the others are gone through all the same, since they are entered.</param>
    /// <param name="cancellation">Stops between pages.</param>
    private static async Task TraceRunAsync(
        IBlockStore store,
        BlockId root,
        IBlockMarks marks,
        List<BackupException> failures,
        CancellationToken cancellation
    )
    {
        var next = new Stack<(BlockId Page, int? Level)>([(root, null)]);
        while (next.TryPop(out var one))
        {
            try
            {
                var (level, entries) = await ReadAsync(store, one.Page, one.Level, cancellation);
                foreach (var entry in entries)
                {
                    if (level == 0)
                    {
                        marks.Keep(entry.Id);
                    }
                    else if (marks.Enter(entry.Id))
                    {
                        next.Push((entry.Id, level - 1));
                    }
                }
            }
            catch (BackupException failure)
            {
                failures.Add(failure);
            }
        }
    }

    private static async Task<(int Level, List<BlockReference> Entries)> ReadAsync(
        IBlockStore store,
        BlockId page,
        int? expected,
        CancellationToken cancellation
    )
    {
        using var raw = await store.GetAsync(page, cancellation);
        var (level, entries) = IndexPage.Read(raw.Memory.Span, page);
        return level <= MaxDepth && (expected ?? level) == level
            ? (level, entries)
            : throw SnapshotsErrors.Block(
                $"an index page of level {level} where {expected} should be",
                page.ToString()
            );
    }
}

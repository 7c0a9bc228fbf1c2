using Backup.Blockstore;
using Backup.Blockstore.Grooming;
using Backup.Foundation.Errors;

namespace Backup.Daemon.Grooming;

/// <summary>Which of the things that refer to blocks need one that is damaged or not there. Reads manifests and index pages, no data.</summary>
/// <param name="roots">What refers to blocks.</param>
/// <param name="store">Where they are.</param>
/// <param name="damaged">Blocks that cannot be read.</param>
internal sealed class HitRoots(IBlockRoots roots, IBlockStore store, IReadOnlySet<BlockId> damaged)
{
    /// <summary>Blocks that are needed and not there.</summary>
    internal long Missing { get; private set; }

    /// <returns>Names, each once, in the order of the catalogue; none where all is well.</returns>
    internal async Task<IReadOnlyList<string>> FindAsync(CancellationToken cancellation)
    {
        var all = (await roots.ListAsync(cancellation)).Where(static one => !one.IsHold).ToList();
        // All of them at once first, what they share but once: mostly nothing is hit.
        var shared = new HitMarks(store, damaged);
        var isHit = false;
        foreach (var root in all)
        {
            isHit |= !await IsReadAsync(root, shared, cancellation);
        }

        Missing = shared.Missing;
        if (!isHit && !shared.IsHit)
        {
            return [];
        }

        var names = new List<string>();
        foreach (var root in all)
        {
            var own = new HitMarks(store, damaged);
            if (!await IsReadAsync(root, own, cancellation) || own.IsHit)
            {
                names.Add(root.Name);
            }
        }

        return [.. names.Distinct(StringComparer.Ordinal)];
    }

    private async Task<bool> IsReadAsync(BlockRoot root, HitMarks marks, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        try
        {
            await roots.TraceAsync(root.Id, marks, cancellation);
            return true;
        }
        catch (BackupException)
        {
            return false;
        }
    }

    private sealed class HitMarks(IBlockStore store, IReadOnlySet<BlockId> damaged) : IBlockMarks
    {
        private readonly HashSet<BlockId> _entered = [];
        private readonly HashSet<BlockId> _missing = [];

        internal bool IsHit { get; private set; }

        internal long Missing => _missing.Count;

        public void Keep(BlockId id)
        {
            if (damaged.Contains(id))
            {
                IsHit = true;
            }
            else if (!IsThere(id))
            {
                IsHit = true;
                _missing.Add(id);
            }
        }

        public bool Enter(BlockId id)
        {
            Keep(id);
            return _entered.Add(id);
        }

        // No store that can be checked waits for this.
        private bool IsThere(BlockId id) => store.ContainsAsync(id).AsTask().GetAwaiter().GetResult();
    }
}

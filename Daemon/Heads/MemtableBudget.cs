using System.Collections.Concurrent;

namespace Backup.Daemon.Heads;

/// <summary>
/// What the memtables of all heads of a daemon take together. Beyond it heads that hold much are flushed before they are full; those that hold little are not, since a flush
/// costs a few blocks however little it writes. Thread-safe.
/// </summary>
/// <param name="bytes">From which on heads are flushed early.</param>
internal sealed class MemtableBudget(long bytes)
{
    private readonly ConcurrentDictionary<Share, long> _held = new();
    private long _total;

    /// <summary>What all of them hold now; bytes.</summary>
    internal long Total => Interlocked.Read(ref _total);

    internal Share Open() => new(this);

    /// <summary>The part of one head, until it is closed.</summary>
    internal sealed class Share : IDisposable
    {
        private readonly MemtableBudget _budget;

        internal Share(MemtableBudget budget)
        {
            _budget = budget;
            budget._held[this] = 0;
        }

        /// <summary>Told by one caller at a time, after whatever changes it.</summary>
        /// <param name="held">What its memtable holds now; bytes.</param>
        /// <returns>Whether it is to be flushed now, for all of them hold too much and this one no less than half of its share.</returns>
        internal bool Holds(long held)
        {
            var before = _budget._held.GetValueOrDefault(this);
            _budget._held[this] = held;
            var total = Interlocked.Add(ref _budget._total, held - before);
            return held > 0 && total > _budget.Bytes && held * 2 >= total / Math.Max(1, _budget._held.Count);
        }

        public void Dispose()
        {
            if (_budget._held.TryRemove(this, out var held))
            {
                Interlocked.Add(ref _budget._total, -held);
            }
        }
    }

    private long Bytes => bytes;
}

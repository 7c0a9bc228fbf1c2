namespace Backup.Blockstore.Grooming;

/// <summary>
/// Who needs blocks that nothing durable refers to yet, or any more: writers, until what they wrote is referred to, and readers of what may be
/// given up meanwhile. A groom removes nothing that one of them needs. It all ends with the process, as the writers and readers do. Thread-safe.
/// </summary>
public sealed class BlockHolds
{
    private readonly IReadOnlyList<BlockHolds> _all;
    private readonly Lock _gate = new();
    private readonly HashSet<BlockHold> _active = [];
    private HoldWatch? _watch;
    private long _clock;

    /// <summary>Of one store.</summary>
    public BlockHolds()
        : this([]) { }

    /// <param name="all">Those of several stores: what begins here begins, and ends, in each of them. None: of one store.</param>
    public BlockHolds(IReadOnlyList<BlockHolds> all) => _all = all;

    /// <summary>For work that writes: until the hold ends, every block stays that is put from now on, whether it is written or was there already.</summary>
    public BlockHold Begin() => Begin(static () => [], HoldKind.Work);

    /// <summary>As <see cref="Begin()"/>; and what can be reached from these blocks stays too.</summary>
    /// <param name="roots">Still referred to by something durable or held, or looked up after a <see cref="Look"/> that has not ended.</param>
    public BlockHold Begin(IReadOnlyList<BlockId> roots) => Begin(() => roots, HoldKind.Work);

    /// <summary>For reading: what can be reached from these blocks stays until the hold ends; what is put meanwhile is not held by it.</summary>
    /// <param name="roots">As of <see cref="Begin(IReadOnlyList{BlockId})"/>.</param>
    public BlockHold Keep(IReadOnlyList<BlockId> roots) => Begin(() => roots, HoldKind.Keep);

    /// <summary>As <see cref="Keep(IReadOnlyList{BlockId})"/>, with roots that change.</summary>
    /// <param name="roots">Asked by a groom at any time, from any thread, until the hold has ended: what there is then. It takes no other hold.</param>
    public BlockHold Keep(Func<IEnumerable<BlockId>> roots) => Begin(roots, HoldKind.Keep);

    /// <summary>
    /// For the moments between looking up something durable and holding it: what was referred to when this began can still be held before it ends.
    /// A groom waits for it before it removes anything, so it must not last.
    /// </summary>
    public BlockHold Look() => Begin(static () => [], HoldKind.Look);

    /// <summary>How many holds have begun. A pack that is put to now carries this number.</summary>
    internal long Clock => Volatile.Read(ref _clock);

    /// <summary>The number of the oldest work that has not ended; <see cref="long.MaxValue"/> where there is none.</summary>
    internal long Oldest
    {
        get
        {
            lock (_gate)
            {
                return _active
                    .Where(static hold => hold.Kind == HoldKind.Work)
                    .Select(static hold => hold.Number)
                    .DefaultIfEmpty(long.MaxValue)
                    .Min();
            }
        }
    }

    /// <summary>Misses nothing that is held from now on until it is disposed. One at a time.</summary>
    internal HoldWatch Watch()
    {
        lock (_gate)
        {
            if (_watch is not null)
            {
                throw new InvalidOperationException("Holds are watched by one groom at a time.");
            }

            return _watch = new HoldWatch(this);
        }
    }

    internal List<BlockId> RootsNow(HoldWatch watch)
    {
        lock (_gate)
        {
            var roots = _active.SelectMany(static hold => hold.Roots()).Concat(watch.Ended).ToList();
            watch.Ended.Clear();
            return roots;
        }
    }

    /// <summary>Completes when every look that goes on now has ended.</summary>
    internal Task LooksEndedAsync()
    {
        lock (_gate)
        {
            return Task.WhenAll(
                _active.Where(static hold => hold.Kind == HoldKind.Look).Select(static hold => hold.Ended.Task)
            );
        }
    }

    internal void EndWatch()
    {
        lock (_gate)
        {
            _watch = null;
        }
    }

    internal void End(BlockHold hold)
    {
        lock (_gate)
        {
            if (_active.Remove(hold))
            {
                // Whatever took its place may have been looked at by the groom before it was there.
                _watch?.Ended.AddRange(hold.Roots());
            }
        }

        hold.Ended.TrySetResult();
    }

    private BlockHold Begin(Func<IEnumerable<BlockId>> roots, HoldKind kind)
    {
        if (_all.Count > 0)
        {
            return new BlockHold([.. _all.Select(one => one.Begin(roots, kind))]);
        }

        lock (_gate)
        {
            var hold = new BlockHold(this, Interlocked.Increment(ref _clock), roots, kind);
            _active.Add(hold);
            return hold;
        }
    }
}

/// <summary>What a hold is for; kept in memory alone.</summary>
internal enum HoldKind
{
    Work,
    Keep,
    Look,
}

/// <summary>A hold on blocks, until it is disposed.</summary>
public sealed class BlockHold : IDisposable
{
    private readonly BlockHolds? _holds;
    private readonly IReadOnlyList<BlockHold> _inEach = [];

    internal BlockHold(BlockHolds holds, long number, Func<IEnumerable<BlockId>> roots, HoldKind kind) =>
        (_holds, Number, Roots, Kind) = (holds, number, roots, kind);

    /// <param name="inEach">That it consists of: one in each of several stores.</param>
    internal BlockHold(IReadOnlyList<BlockHold> inEach)
    {
        _inEach = inEach;
        Roots = static () => [];
    }

    internal long Number { get; }

    internal Func<IEnumerable<BlockId>> Roots { get; }

    internal HoldKind Kind { get; }

    internal TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Dispose()
    {
        _holds?.End(this);
        foreach (var one in _inEach)
        {
            one.Dispose();
        }
    }
}

/// <summary>What a groom knows of holds: also of those that end while it looks.</summary>
internal sealed class HoldWatch(BlockHolds holds) : IDisposable
{
    /// <summary>Roots of holds that have ended since they were last asked for. Guarded by the holds.</summary>
    internal List<BlockId> Ended { get; } = [];

    /// <summary>What is held now, and what was at any time since the last call (or since the watch began).</summary>
    internal List<BlockId> Roots() => holds.RootsNow(this);

    public void Dispose() => holds.EndWatch();
}

using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Backup.Blockstore.Grooming;
using Backup.Blockstore.Sealing;

namespace Backup.Blockstore;

/// <summary>
/// A block store without a disk: everything is lost with the process, so <see cref="FlushAsync"/> promises nothing. For
/// trials and for tests of what stands above a block store. Blocks are kept raw, those that are put sealed too: a stored
/// length is a raw length.
/// </summary>
public sealed class MemoryBlockStore : ISealingStore, IGroomable, ICheckable
{
    private readonly ConcurrentDictionary<BlockId, Kept> _blocks = new();

    // A put is one step with the look whether it is there, and a removal with the look whether it was put again.
    private readonly Lock _changing = new();
    private readonly SemaphoreSlim _grooming = new(1, 1);
    private MemoryMarks? _marks;
    private long _bytes;
    private long _duplicates;

    public BlockHolds Holds { get; } = new();

    /// <summary>For tests of what stands above: refuses a put while no work holds what is put.</summary>
    public bool RefusesUnheld { get; init; }

    /// <summary>How often <see cref="FlushAsync"/> was called.</summary>
    public int Flushes { get; private set; }

    public BlockStoreStatistics Statistics =>
        new(
            _blocks.Count,
            Interlocked.Read(ref _bytes),
            _blocks.Count,
            Interlocked.Read(ref _bytes),
            Interlocked.Read(ref _duplicates)
        );

    public ValueTask<PutResult> PutAsync(ReadOnlyMemory<byte> raw, CancellationToken cancellation = default) =>
        PutAsync(raw, BlockSealer.Plain, cancellation);

    public ValueTask<PutResult> PutAsync(
        ReadOnlyMemory<byte> raw,
        BlockSealer sealer,
        CancellationToken cancellation = default
    )
    {
        cancellation.ThrowIfCancellationRequested();
        if (raw.Length is 0 or > IBlockStore.MaxRawLength)
        {
            throw BlockstoreErrors.BadLength(raw.Length);
        }

        if (RefusesUnheld && Holds.Oldest == long.MaxValue)
        {
            throw new InvalidOperationException("A block is put, and a groom would take it: no work holds it.");
        }

        var id = sealer.IdOf(raw.Span);
        lock (_changing)
        {
            _marks?.Keep(id);
            if (_blocks.TryGetValue(id, out var known))
            {
                known.Stamp = Holds.Clock;
                Interlocked.Increment(ref _duplicates);
                return new(new PutResult(id, raw.Length, IsNew: false));
            }

            _blocks[id] = new Kept(raw.ToArray(), sealer) { Stamp = Holds.Clock };
        }

        Interlocked.Add(ref _bytes, raw.Length);
        return new(new PutResult(id, raw.Length, IsNew: true));
    }

    public Task FlushAsync(CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        Flushes++;
        return Task.CompletedTask;
    }

    public ValueTask<bool> ContainsAsync(BlockId id, CancellationToken cancellation = default) =>
        new(_blocks.ContainsKey(id));

    public ValueTask<IMemoryOwner<byte>> GetAsync(BlockId id, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        if (!_blocks.TryGetValue(id, out var kept))
        {
            throw BlockstoreErrors.NoBlock(id);
        }

        var raw = kept.Raw;
        if (kept.Sealer.IdOf(raw) != id)
        {
            throw BlockstoreErrors.Damaged(id, "in memory", "its content has another hash");
        }

        return new(PooledBytes.CopyOf(raw));
    }

    public async IAsyncEnumerable<StoredBlock> ListAsync(
        [EnumeratorCancellation] CancellationToken cancellation = default
    )
    {
        await Task.CompletedTask;
        foreach (var (id, kept) in _blocks)
        {
            cancellation.ThrowIfCancellationRequested();
            yield return new StoredBlock(id, kept.Raw.Length, kept.Raw.Length);
        }
    }

    public async Task<StoreCheck> CheckAsync(Action<StoreFinding> found, CancellationToken cancellation = default)
    {
        await Task.CompletedTask;
        long blocks = 0;
        long bytes = 0;
        long findings = 0;
        foreach (var (id, kept) in _blocks)
        {
            cancellation.ThrowIfCancellationRequested();
            var raw = kept.Raw;
            blocks++;
            bytes += raw.Length;
            if (kept.Sealer.IdOf(raw) != id)
            {
                findings++;
                found(new StoreFinding(id, "memory", 0, "its content has another hash"));
            }
        }

        return new StoreCheck(blocks, bytes, findings);
    }

    /// <summary>All of it, whatever part is asked for.</summary>
    public Task<StoreCheck> CheckAsync(
        Action<StoreFinding> found,
        CheckOptions options,
        Action<double, long>? progress = null,
        CancellationToken cancellation = default
    ) => CheckAsync(found, cancellation);

    public async Task<GroomReport> GroomAsync(
        IBlockRoots roots,
        GroomOptions? options = null,
        IProgress<GroomProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        if (!await _grooming.WaitAsync(TimeSpan.Zero, cancellation))
        {
            throw BlockstoreErrors.Grooming("memory");
        }

        var marks = new MemoryMarks();
        try
        {
            using var watch = Holds.Watch();
            long oldest;
            lock (_changing)
            {
                _marks = marks;
                oldest = Holds.Oldest;
            }

            var held = new OwnHeldRoots(watch, Holds);
            await new RootMarking(held, roots, marks).RunAsync(static _ => { }, cancellation);
            return Sweep(marks, oldest, options?.DryRun == true);
        }
        finally
        {
            _marks = null;
            _grooming.Release();
        }
    }

    /// <summary>For tests of what stands above: turns one bit of a stored block over. False where there is no such block.</summary>
    public bool Damage(BlockId id, int bit = 0)
    {
        if (!_blocks.TryGetValue(id, out var kept))
        {
            return false;
        }

        var raw = kept.Raw;
        raw[bit / 8 % raw.Length] ^= (byte)(1 << (bit % 8));
        return true;
    }

    /// <summary>For tests of what stands above: loses a block. False where there is no such block.</summary>
    public bool Lose(BlockId id) => _blocks.TryRemove(id, out _);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private GroomReport Sweep(MemoryMarks marks, long oldest, bool isDry)
    {
        var report = new GroomReport();
        foreach (var (id, kept) in _blocks)
        {
            lock (_changing)
            {
                if (marks.Has(id) || kept.Stamp >= oldest)
                {
                    report = report with
                    {
                        LiveBlocks = report.LiveBlocks + 1,
                        LiveBytes = report.LiveBytes + kept.Raw.Length,
                    };
                    continue;
                }

                report = report with
                {
                    DeadBlocks = report.DeadBlocks + 1,
                    DeadBytes = report.DeadBytes + kept.Raw.Length,
                };
                if (!isDry && _blocks.TryRemove(id, out _))
                {
                    Interlocked.Add(ref _bytes, -kept.Raw.Length);
                    report = report with { FreedBytes = report.FreedBytes + kept.Raw.Length };
                }
            }
        }

        return report with
        {
            PackBytes = report.LiveBytes + report.DeadBytes,
            ReclaimableBytes = report.DeadBytes,
        };
    }

    private sealed class Kept(byte[] raw, BlockSealer sealer)
    {
        internal byte[] Raw => raw;

        internal BlockSealer Sealer => sealer;

        /// <summary>How many holds had begun when it was last put.</summary>
        internal long Stamp { get; set; }
    }

    private sealed class MemoryMarks : IBlockMarks
    {
        private readonly ConcurrentDictionary<BlockId, bool> _live = new();
        private readonly ConcurrentDictionary<BlockId, bool> _entered = new();

        internal bool Has(BlockId id) => _live.ContainsKey(id);

        public void Keep(BlockId id) => _live[id] = true;

        public bool Enter(BlockId id)
        {
            Keep(id);
            return _entered.TryAdd(id, true);
        }
    }
}

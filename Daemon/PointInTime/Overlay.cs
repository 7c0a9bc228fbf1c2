using Backup.Blockstore;
using Backup.Foundation;
using Backup.Oplog;
using Backup.Snapshots.Heads;
using Backup.Snapshots.Reading;

namespace Backup.Daemon.PointInTime;

/// <summary>
/// A moment between snapshots: the base, and over it a memtable with what the oplog did from there to the moment. Where that is more than the memory
/// allowed it is flushed as runs and merged like a head's, into a temporary file that goes with this. The live head and the block store are
/// only read.
/// </summary>
internal sealed class Overlay : IAsyncDisposable
{
    private readonly ScratchBlockStore _scratch;
    private readonly string _folder;
    private readonly RestorePlan _plan;
    private Head? _head;

    private Overlay(IBlockStore blocks, RestorePlan plan, string folder)
    {
        _plan = plan;
        _folder = folder;
        _scratch = new ScratchBlockStore(blocks, folder);
    }

    /// <summary>The moment's documents; valid until disposed.</summary>
    internal SnapshotReader Reader { get; private set; } = null!;

    /// <summary>The last entry that is in it.</summary>
    internal Optime Optime { get; private set; }

    /// <summary>How often the memory was full.</summary>
    internal int Spills { get; private set; }

    /// <summary>Replays; when this is back everything wrong with the moment in itself has been said.</summary>
    /// <param name="plan">Held.</param>
    /// <param name="services">Stores, options, clock.</param>
    /// <param name="progress">Told after each slice.</param>
    /// <param name="cancellation">Everything temporary is removed.</param>
    /// <param name="select">What takes the operations in the place of the head that it is given; null: the head.</param>
    /// <exception cref="Foundation.Errors.BackupException">9013 where a transaction is not decided yet; 9001, 9007, 3000s, 4000s, 5000s of what is read.</exception>
    internal static async Task<Overlay> BuildAsync(
        RestorePlan plan,
        RestoreServices services,
        IProgress<ReplayProgress>? progress,
        CancellationToken cancellation,
        Func<Head, IOperationTarget>? select = null
    )
    {
        var folder = RestoreFolder.Make(services.Options);
        var overlay = new Overlay(services.Blocks, plan, folder);
        try
        {
            await overlay.ReplayAsync(services, select, progress, cancellation);
            return overlay;
        }
        catch
        {
            await overlay.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _head?.Dispose();
        await _scratch.DisposeAsync();
        RestoreFolder.Remove(_folder);
    }

    private async Task ReplayAsync(
        RestoreServices services,
        Func<Head, IOperationTarget>? select,
        IProgress<ReplayProgress>? progress,
        CancellationToken cancellation
    )
    {
        var options = new HeadOptions { MemtableBytes = services.Options.RestoreMemtableBytes };
        _head = await Head.OpenAsync(_scratch, _plan.Manifest, options, cancellation);
        using var replay = new MomentReplay(_plan, _head, Path.Combine(_folder, "transactions"), select?.Invoke(_head));
        // At the base itself only transactions that were prepared then can be missing.
        if (_plan.Point.AtMost > _plan.BaseOptime || _head.PreparedTransactions.Count > 0)
        {
            await ReadOplogAsync(services, replay, progress, cancellation);
        }

        Optime = replay.Optime;
        Reader = _head.OpenReader(_head.Position with { Optime = Optime });
    }

    private async Task ReadOplogAsync(
        RestoreServices services,
        MomentReplay replay,
        IProgress<ReplayProgress>? progress,
        CancellationToken cancellation
    )
    {
        var expected = await services.Metadata.OplogSlices.RawBytesAsync(
            _plan.SyncId,
            _plan.ReplayFrom,
            _plan.Point.AtMost,
            cancellation
        );
        var slices = new SliceStream(services.Metadata, services.Objects, _plan.Set.Name, _plan.SyncId);
        var (bytes, any) = (0L, false);
        await foreach (var slice in slices.ReadAsync(_plan.ReplayFrom, cancellation))
        {
            any = true;
            using (slice)
            {
                if (replay.Apply(slice))
                {
                    return;
                }

                bytes += slice.Memory.Length;
            }

            progress?.Report(new ReplayProgress(replay.Optime, Math.Min(bytes, expected), expected));
            if (_head!.IsFull)
            {
                await SpillAsync(replay.Optime, cancellation);
            }
        }

        if (!any)
        {
            throw DaemonErrors.MissingEntries(_plan.Set.Name, _plan.ReplayFrom);
        }

        if (replay.Undecided is [var oldest, ..])
        {
            throw DaemonErrors.Undecided(
                _plan.Set.Name,
                _plan.Point.Text,
                RestorePoint.Describe(oldest.Prepared),
                RestorePoint.Describe(BeforeOf(oldest.Prepared))
            );
        }
    }

    private async Task SpillAsync(Optime at, CancellationToken cancellation)
    {
        Spills++;
        await _head!.MergeAsync(cancellation);
        await _head.FlushAsync(_head.Position with { Optime = at }, cancellation);
    }

    private static Optime BeforeOf(Optime optime) => optime.I > 0 ? optime with { I = optime.I - 1 } : optime;
}

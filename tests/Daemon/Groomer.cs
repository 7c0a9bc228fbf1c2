using Backup.Blockstore;
using Backup.Daemon.Grooming;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.Snapshots;

namespace Backup.Tests.Daemon;

/// <summary>Grooms a store again and again beside everything else: whatever forgets to hold its blocks loses them.</summary>
internal sealed class Groomer : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    internal Groomer(IMetadataStore metadata, MemoryBlockStore blocks) =>
        _loop = Task.Run(() => LoopAsync(new StoreRoots(metadata, blocks, TimeProvider.System), blocks));

    internal long Grooms { get; private set; }

    internal long FreedBytes { get; private set; }

    /// <summary>Is over once a groom has ended that began after this.</summary>
    internal async Task WholeAsync()
    {
        var wanted = Grooms + 2;
        while (Grooms < wanted && !_stop.IsCancellationRequested)
        {
            await Task.Delay(Pause);
        }
    }

    internal async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _loop;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task LoopAsync(StoreRoots roots, MemoryBlockStore blocks)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                FreedBytes += (await blocks.GroomAsync(roots, cancellation: _stop.Token)).FreedBytes;
                Grooms++;
                await Task.Delay(Pause, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (BackupException blind)
                when (blind.Number is BlockstoreErrors.GroomBlind or SnapshotsErrors.DamagedManifest)
            {
                // The test damages what it reads, or its snapshots are none.
                await Task.Delay(Pause).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}

using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Backup.Blockstore;
using Backup.Daemon.Heads;
using Backup.Foundation;
using Backup.Metadata;

namespace Backup.Daemon.PointInTime;

/// <summary>
/// The stored oplog of a sync from a place on, slice by slice, each proven to follow on the one before. The next slices are fetched,
/// decompressed and hashed while one is used: three are in memory at most.
/// </summary>
internal sealed class SliceStream(IMetadataStore metadata, IObjectStore objects, string replicaSet, string syncId)
{
    private const int RowsAtOnce = 64;

    /// <summary>Slices with entries at or after <paramref name="since"/>, up to the newest that is stored. Each is disposed by the caller.</summary>
    /// <exception cref="Foundation.Errors.BackupException">9001 a gap, 9007 it does not reach back so far; those of a slice that cannot be read.</exception>
    internal async IAsyncEnumerable<SliceBytes> ReadAsync(
        Optime since,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var ahead = Channel.CreateBounded<SliceBytes>(1);
        var loading = LoadAsync(since, ahead.Writer, stop.Token);
        try
        {
            await foreach (var slice in ahead.Reader.ReadAllAsync(cancellation))
            {
                yield return slice;
            }

            await loading;
        }
        finally
        {
            await stop.CancelAsync();
            await loading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            while (ahead.Reader.TryRead(out var unused))
            {
                unused.Dispose();
            }
        }
    }

    private async Task LoadAsync(Optime since, ChannelWriter<SliceBytes> ahead, CancellationToken cancellation)
    {
        try
        {
            await Task.Yield();
            OplogSlice? last = null;
            // Slices whose last entry is at the place are wanted too.
            var read = since.I > 0 ? since with { I = since.I - 1 } : since;
            while (true)
            {
                var rows = await metadata.OplogSlices.AfterAsync(syncId, read, RowsAtOnce, cancellation);
                foreach (var row in rows)
                {
                    RequireContinuity(since, last, row);
                    var slice = await SliceBytes.LoadAsync(
                        objects,
                        row.ObjectName,
                        row.RawLength,
                        row.Sha256,
                        cancellation
                    );
                    if (!await TryPassOnAsync(ahead, slice, cancellation))
                    {
                        return;
                    }

                    (last, read) = (row, row.Last);
                }

                if (rows.Count == 0)
                {
                    ahead.Complete();
                    return;
                }
            }
        }
        catch (Exception failure)
        {
            ahead.TryComplete(failure);
        }
    }

    private static async Task<bool> TryPassOnAsync(
        ChannelWriter<SliceBytes> ahead,
        SliceBytes slice,
        CancellationToken cancellation
    )
    {
        try
        {
            await ahead.WriteAsync(slice, cancellation);
            return true;
        }
        catch (OperationCanceledException)
        {
            slice.Dispose();
            ahead.TryComplete();
            return false;
        }
    }

    private void RequireContinuity(Optime since, OplogSlice? last, OplogSlice next)
    {
        if (last is null)
        {
            if (!new OplogExtent(next.Previous, next.First, next.Last).ReachesBackTo(since))
            {
                throw DaemonErrors.MissingEntries(replicaSet, since);
            }
        }
        else if (next.Sequence != last.Sequence + 1 || next.Previous != last.Last)
        {
            throw DaemonErrors.Gap(replicaSet, last.Last, next.Previous);
        }
    }
}

using Backup.Cli.Control;
using Backup.Foundation.Errors;

namespace Backup.Cli.Output;

/// <summary>
/// Progress of a restore on standard error: first of the replay of the oplog, which the appliance is asked for, then of the bytes that come. Silent
/// where it is no terminal.
/// </summary>
internal sealed class RestoreProgress : IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(300);

    private readonly CancellationTokenSource _stop = new();
    private readonly string _title;
    private readonly long _expected;
    private readonly Task _replay = Task.CompletedTask;
    private ByteProgress? _bytes;

    /// <param name="title">What is restored.</param>
    /// <param name="expected">Bytes, as far as it is known.</param>
    /// <param name="client">To ask; null where nothing is replayed.</param>
    /// <param name="id">Of the restore.</param>
    internal RestoreProgress(string title, long expected, ControlClient? client = null, string id = "")
    {
        (_title, _expected) = (title, expected);
        if (client is not null && !Console.IsErrorRedirected)
        {
            _replay = Task.Run(() => FollowReplayAsync(client, id));
        }
    }

    /// <param name="bytes">Received so far.</param>
    internal void Report(long bytes)
    {
        if (_bytes is null)
        {
            EndReplay();
            _bytes = new ByteProgress(_title, _expected);
        }

        _bytes.Report(bytes);
    }

    public void Dispose()
    {
        EndReplay();
        _bytes?.Dispose();
        _stop.Dispose();
    }

    private void EndReplay()
    {
        if (!_replay.IsCompleted)
        {
            _stop.Cancel();
            _replay.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing).GetAwaiter().GetResult();
        }
    }

    private async Task FollowReplayAsync(ControlClient client, string id)
    {
        ByteProgress? bar = null;
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                var replay = await client.ReplayAsync(id, _stop.Token);
                if (replay.ExpectedBytes > 0)
                {
                    bar ??= new ByteProgress("replay oplog", replay.ExpectedBytes);
                    bar.Report(replay.Bytes);
                }

                await Task.Delay(Look, _stop.Token);
            }
        }
        catch (Exception failure)
            when (failure is OperationCanceledException or HttpRequestException or BackupException)
        {
            // What is wrong is told by the restore itself.
        }
        finally
        {
            bar?.Dispose();
        }
    }
}

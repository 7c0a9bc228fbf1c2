using System.Collections.Concurrent;
using Backup.Foundation;
using Backup.Metadata;
using Microsoft.Extensions.Logging;

namespace Backup.Daemon.Heads;

/// <summary>
/// Wakes the heads of a daemon when there is oplog for them: it looks once for all of them, and a head that has nothing new sleeps on. Each of thousands looking for
/// itself whenever any of them gets a slice would be work that grows with the square of their number. Thread-safe.
/// </summary>
internal sealed partial class HeadBell : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>From one look to the next for each head, so that the looks of thousands take a small part of a core; a quarter of a second at most.</summary>
    private static readonly TimeSpan BreathOfHead = TimeSpan.FromMicroseconds(250);
    private static readonly TimeSpan LongestBreath = TimeSpan.FromMilliseconds(250);

    private readonly IMetadataStore _metadata;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<string, Line> _lines = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    internal HeadBell(IMetadataStore metadata, TimeProvider time, ILogger logger)
    {
        (_metadata, _time, _logger) = (metadata, time, logger);
        _loop = Task.Run(() => LoopAsync(_stop.Token));
    }

    /// <summary>How many heads wait here.</summary>
    internal int Count => _lines.Count;

    /// <summary>For the head that follows that sync, until it is disposed.</summary>
    internal Line Open(string syncId) => _lines[syncId] = new Line(this, syncId);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task LoopAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                var seen = _metadata.ChangeCount;
                if (!_lines.IsEmpty)
                {
                    var newest = await _metadata.OplogSlices.NewestAsync(cancellation);
                    foreach (var (syncId, line) in _lines)
                    {
                        line.Tell(newest.GetValueOrDefault(syncId));
                    }
                }

                await _metadata.WaitForChangeAsync(seen, Look, cancellation);
                await Task.Delay(Breath(), _time, cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                // They look for themselves after a while.
                LogFailed(_logger, failure);
                await Task.Delay(Look, _time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private TimeSpan Breath()
    {
        var all = _lines.Count * BreathOfHead;
        return all < LongestBreath ? all : LongestBreath;
    }

    [LoggerMessage(46, LogLevel.Warning, "Whether there is oplog for heads could not be looked at; it is tried again")]
    private static partial void LogFailed(ILogger logger, Exception failure);

    /// <summary>What one head waits with. Used by its keeper; <see cref="Ring"/> by anybody.</summary>
    internal sealed class Line(HeadBell bell, string syncId) : IDisposable
    {
        private readonly Lock _lock = new();
        private TaskCompletionSource _news = New();
        private Optime _newest;
        private long _rung;

        /// <summary>Read it before looking for slices, wait with it after: none is missed.</summary>
        internal (Optime Newest, long Rung) Seen
        {
            get
            {
                lock (_lock)
                {
                    return (_newest, _rung);
                }
            }
        }

        /// <summary>Until there is a slice that was not there then, somebody rings, or that time is over.</summary>
        internal async Task WaitAsync(
            (Optime Newest, long Rung) seen,
            TimeSpan atMost,
            TimeProvider time,
            CancellationToken cancellation
        )
        {
            Task news;
            lock (_lock)
            {
                if (seen != (_newest, _rung))
                {
                    return;
                }

                news = _news.Task;
            }

            try
            {
                await news.WaitAsync(atMost, time, cancellation);
            }
            catch (TimeoutException)
            {
                // Nothing for that long: the keeper looks at all else.
            }
        }

        /// <summary>There is something to do that is no slice.</summary>
        internal void Ring()
        {
            lock (_lock)
            {
                _rung++;
                Wake();
            }
        }

        internal void Tell(Optime newest)
        {
            lock (_lock)
            {
                if (newest != _newest)
                {
                    _newest = newest;
                    Wake();
                }
            }
        }

        public void Dispose() => bell._lines.TryRemove(KeyValuePair.Create(syncId, this));

        private void Wake()
        {
            _news.TrySetResult();
            _news = New();
        }

        private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

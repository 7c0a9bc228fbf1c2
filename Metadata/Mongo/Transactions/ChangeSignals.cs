using Backup.Foundation.Errors;
using Backup.Metadata.Mongo.Documents;
using Backup.MongoWire.Client;

namespace Backup.Metadata.Mongo.Transactions;

/// <summary>
/// Who waits for changes is woken: by those of this process at once; by those of others within about a second. Each process that writes counts up a
/// document of its own, a few times a second at most and beside its transactions; whoever waits looks at those of the others. That costs
/// an update or a find of a handful of documents each time, wherever the database is. Thread-safe.
/// </summary>
internal sealed class ChangeSignals(MongoClient client, string database, TimeProvider clock) : IAsyncDisposable
{
    /// <summary>From one announcement of this process to the next.</summary>
    private static readonly TimeSpan Announce = TimeSpan.FromMilliseconds(200);

    /// <summary>From one look at the others to the next, while somebody waits.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    private readonly string _id = Guid.NewGuid().ToString("N");
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Dictionary<string, long> _others = [];
    private Task _announcing = Task.CompletedTask;
    private Task _looking = Task.CompletedTask;
    private long _count;
    private bool _isAnnounced = true;
    private int _waiting;

    /// <summary>Grows with every write of this process, and when others are noticed.</summary>
    internal long Count => Interlocked.Read(ref _count);

    /// <summary>What the others have written so far is no news.</summary>
    internal async Task StartAsync(CancellationToken cancellation) => _others = await ReadAsync(cancellation);

    /// <summary>This process has written.</summary>
    internal void Signal()
    {
        Wake();
        lock (_lock)
        {
            _isAnnounced = false;
            if (_announcing.IsCompleted && !_stop.IsCancellationRequested)
            {
                _announcing = Task.Run(AnnounceAsync, CancellationToken.None);
            }
        }
    }

    internal async Task WaitAsync(long seen, TimeSpan atMost, TimeProvider time, CancellationToken cancellation)
    {
        Task changed;
        lock (_lock)
        {
            if (_count > seen)
            {
                return;
            }

            changed = _changed.Task;
            _waiting++;
            if (_looking.IsCompleted && !_stop.IsCancellationRequested)
            {
                _looking = Task.Run(LookAsync, CancellationToken.None);
            }
        }

        try
        {
            await changed.WaitAsync(atMost, time, cancellation);
        }
        catch (TimeoutException)
        {
            // Nothing changed for that long: the caller looks again all the same.
        }
        finally
        {
            lock (_lock)
            {
                _waiting--;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Wake();
        await Task.WhenAll(_announcing, _looking);
        _stop.Dispose();
    }

    private void Wake()
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            _count++;
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.SetResult();
    }

    private async Task AnnounceAsync()
    {
        try
        {
            while (true)
            {
                lock (_lock)
                {
                    if (_isAnnounced)
                    {
                        // Under the lock: whoever writes from now on finds this over, or not announced.
                        _announcing = Task.CompletedTask;
                        return;
                    }

                    _isAnnounced = true;
                }

                await TellAsync();
                await Task.Delay(Announce, clock, _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // It stops: whoever waits elsewhere looks by itself after a while.
        }
    }

    private async Task TellAsync()
    {
        var count = Doc.Both(Doc.Add("writes", 1), Doc.Set(("at", clock.GetUtcNow())));
        var update = Doc.Of(("q", Doc.Id(_id)), ("u", count), ("upsert", true));
        try
        {
            using var reply = await client.RunCommandAsync(
                database,
                Doc.Of(("update", MongoSchema.Signals.Name), ("updates", new[] { update })),
                ReadTarget.Primary,
                _stop.Token
            );
        }
        catch (BackupException)
        {
            // It is a hint. Those that miss it look by themselves; what fails lastingly is told by the writes.
        }
    }

    private async Task LookAsync()
    {
        try
        {
            while (true)
            {
                lock (_lock)
                {
                    if (_waiting == 0)
                    {
                        _looking = Task.CompletedTask;
                        return;
                    }
                }

                var seen = await ReadAsync(_stop.Token);
                var isNews = seen.Any(one => _others.GetValueOrDefault(one.Key) != one.Value);
                _others = seen;
                if (isNews)
                {
                    Wake();
                }

                await Task.Delay(Look, clock, _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // It stops.
        }
    }

    private async Task<Dictionary<string, long>> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            // What a majority has: who is woken reads no more than that.
            var reads = new LoneReads(client, database, cancellation);
            var found = await reads.ReadAsync(
                Doc.Of(("find", MongoSchema.Signals.Name), ("filter", Doc.Of(("_id", Is.Not(_id)))))
            );
            return found.ToDictionary(
                static one => one.View["_id"u8].AsString,
                static one => one.View["writes"u8].ToInt64(),
                StringComparer.Ordinal
            );
        }
        catch (BackupException)
        {
            return _others;
        }
    }
}

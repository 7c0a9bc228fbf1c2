using Backup.Blockstore.Grooming;
using Backup.Foundation.Errors;

namespace Backup.Blockstore.Shared;

/// <summary>
/// One process's part in a shared store: it gives signs of life, knows the epoch under which blocks are put, and tells grooms, its own and those of
/// others, what this process holds. Thread-safe.
/// </summary>
internal sealed class StoreSession : IAsyncDisposable
{
    private readonly ISharedPlace _place;
    private readonly SharedState _state;
    private readonly SharedStoreOptions _options;
    private readonly BlockHolds _holds;
    private readonly GroomAnswers _answers;
    private readonly Action<StoreState>? _seen;
    private readonly SemaphoreSlim _beating = new(1, 1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();

    // Epochs that were adopted, each with how many holds had begun by then; the oldest that still counts first.
    private readonly List<(long Epoch, long Clock)> _adopted = [];
    private Task<StoreState>? _next;
    private Task _living = Task.CompletedTask;
    private StoreCount _counted;
    private long _epoch;
    private long _damages;
    private volatile bool _isLost;

    private StoreSession(ISharedPlace place, SharedStoreOptions options, BlockHolds holds, SessionCalls calls)
    {
        _place = place;
        _options = options;
        _holds = holds;
        _state = new SharedState(place, options.Time);
        _answers = new GroomAnswers(place, this, holds, calls.Settle);
        _seen = calls.Seen;
    }

    internal Guid Id { get; } = Guid.NewGuid();

    internal SharedState State => _state;

    /// <summary>
    /// Under which blocks are put. A put reads it after its work's hold began, so that it is at least that of any epoch adopted before the hold.
    /// </summary>
    internal long Epoch => Volatile.Read(ref _epoch);

    /// <summary>Changes whenever a process has found a block damaged.</summary>
    internal long Damages => Volatile.Read(ref _damages);

    /// <summary>Others went on without this process.</summary>
    internal bool IsLost => _isLost;

    /// <summary>Closed, or killed: it says nothing any more.</summary>
    internal bool IsOver => _stopping.IsCancellationRequested;

    /// <summary>Blocks and bytes of the store, as far as is known here.</summary>
    internal StoreCount Total
    {
        get
        {
            var state = _state.Latest!;
            lock (_gate)
            {
                var told = state.Sessions.TryGetValue(Id, out var mine) ? mine.Counted : _counted;
                return state.Total - told + _counted;
            }
        }
    }

    /// <param name="place">Where the processes meet.</param>
    /// <param name="options">How they get along.</param>
    /// <param name="holds">Of this process; none has begun yet.</param>
    /// <param name="calls">What the store does for the session.</param>
    /// <param name="cancellation">Nothing is left behind but a session that others strike off.</param>
    internal static async Task<StoreSession> OpenAsync(
        ISharedPlace place,
        SharedStoreOptions options,
        BlockHolds holds,
        SessionCalls calls,
        CancellationToken cancellation
    )
    {
        var session = new StoreSession(place, options, holds, calls);
        var joined = await session._state.ChangeAsync(state => state.Join(session.Id), cancellation);
        session.Observe(joined);
        session._living = Task.Run(session.LiveAsync, CancellationToken.None);
        return session;
    }

    /// <summary>
    /// Gives a sign of life that begins after this call: when it is back, everything that was put before the call was still held at a moment after it.
    /// </summary>
    /// <exception cref="BackupException">5060 where others went on without this process.</exception>
    internal Task<StoreState> ConfirmAsync(CancellationToken cancellation)
    {
        ThrowIfLost();
        lock (_gate)
        {
            // Whoever comes while the one before is still under way shares the one that follows it.
            _next ??= Task.Run(NextBeatAsync, CancellationToken.None);
            return _next.WaitAsync(cancellation);
        }
    }

    /// <summary>Adds to what this process has stored, or removed.</summary>
    internal void Count(StoreCount change)
    {
        lock (_gate)
        {
            _counted += change;
        }
    }

    /// <summary>A block was found damaged: nobody relies on remembering that it is there.</summary>
    internal async Task TellDamageAsync(CancellationToken cancellation) =>
        Observe(await _state.ChangeAsync(static state => state with { Damages = state.Damages + 1 }, cancellation));

    /// <summary>This session has written down what it holds for that groom.</summary>
    internal Task AnswerAsync(SessionAnswer answer, CancellationToken cancellation) =>
        _state.ChangeAsync(
            state => state.Answer(Id, answer.Groom.Id, answer.Groom.Phase, answer.Floor, answer.Roots),
            cancellation
        );

    /// <summary>For tests: gives a sign of life, and has answered a groom that waits when it is back (unless somebody looks).</summary>
    internal async Task BeatAndAnswerAsync(CancellationToken cancellation = default)
    {
        await ConfirmAsync(cancellation);
        await _answers.UnderWay.WaitAsync(cancellation);
    }

    internal void ThrowIfLost()
    {
        if (_isLost)
        {
            throw BlockstoreErrors.SessionLost(_place.Name);
        }
    }

    /// <summary>As a killed process: nothing is said any more.</summary>
    internal async Task KillAsync()
    {
        await _stopping.CancelAsync();
        await _living;
        await _answers.StopAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        if (!_isLost)
        {
            try
            {
                StoreCount counted;
                lock (_gate)
                {
                    counted = _counted;
                }

                var floor = Floor();
                await _state.ChangeAsync(state => state.Beat(Id, floor, counted).Leave(Id), CancellationToken.None);
            }
            catch (BackupException)
            {
                // Others strike it off.
            }
        }

        _stopping.Dispose();
        _beating.Dispose();
    }

    private async Task LiveAsync()
    {
        var silence = new SilenceWatch(_options.Time);
        while (!_stopping.IsCancellationRequested && !_isLost)
        {
            try
            {
                await Task.Delay(_options.BeatInterval, _options.Time, _stopping.Token);
                var state = await ConfirmAsync(_stopping.Token);
                foreach (var (session, beat) in silence.Silent(state, _options.ForgetLimit))
                {
                    await _state.ChangeAsync(now => now.ShutOutSilent(session, beat), _stopping.Token);
                }
            }
            catch (Exception failure) when (failure is BackupException or OperationCanceledException)
            {
                // Said again in a moment. Whoever flushes is told; where it lasts, others go on without this process.
            }
        }
    }

    private async Task<StoreState> NextBeatAsync()
    {
        await _beating.WaitAsync(_stopping.Token);
        try
        {
            StoreCount counted;
            lock (_gate)
            {
                _next = null;
                counted = _counted;
            }

            var floor = Floor();
            var state = await _state.ChangeAsync(one => one.Beat(Id, floor, counted), _stopping.Token);
            if (!state.Sessions.ContainsKey(Id))
            {
                _isLost = true;
                throw BlockstoreErrors.SessionLost(_place.Name);
            }

            Observe(state);
            return state;
        }
        finally
        {
            _beating.Release();
        }
    }

    private void Observe(StoreState state)
    {
        lock (_gate)
        {
            _damages = Math.Max(_damages, state.Damages);
            if (state.Epoch > _epoch)
            {
                Volatile.Write(ref _epoch, state.Epoch);
                Interlocked.MemoryBarrier();
                // A hold that begins from here on has a larger number, and its puts see the new epoch.
                _adopted.Add((state.Epoch, _holds.Clock));
            }
        }

        _seen?.Invoke(state);
        _answers.Observe(state, _stopping.Token);
    }

    /// <summary>The newest epoch that was adopted before the oldest work that goes on began.</summary>
    internal long Floor()
    {
        lock (_gate)
        {
            // Within: between this and the look at what was adopted work could begin under an epoch that is then forgotten.
            var oldest = _holds.Oldest;
            while (_adopted.Count > 1 && _adopted[1].Clock < oldest)
            {
                _adopted.RemoveAt(0);
            }

            return _adopted[0].Epoch;
        }
    }
}

/// <summary>What a store does for its session.</summary>
/// <param name="Settle">
/// Waits until everything that was put by now can be read by other processes, and writes down what else that groom is to know. It is handed the session: a
/// groom may ask while the store is still being opened.
/// </param>
/// <param name="Seen">Told of the state after each sign of life, before a groom is answered. Does not wait.</param>
internal sealed record SessionCalls(
    Func<SessionAnswer, StoreSession, CancellationToken, Task> Settle,
    Action<StoreState>? Seen = null
);

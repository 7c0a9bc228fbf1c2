using Backup.Blockstore.Grooming;
using Backup.Foundation.Errors;

namespace Backup.Blockstore.Shared;

/// <summary>
/// The turn of one process to groom a shared store: takes it, hears what every process holds, and gives it back. A process that is silent is struck
/// off, and kept from publishing, before what it held is given up.
/// </summary>
internal sealed class GroomTurn : IHeldRoots, IAsyncDisposable
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(10);

    private readonly ISharedPlace _place;
    private readonly StoreSession _session;
    private readonly SharedStoreOptions _options;
    private readonly SilenceWatch _silence;
    private Guid _id = Guid.NewGuid();
    private bool _isAsked;
    private TimeSpan _pause = ShortestPause;

    private GroomTurn(ISharedPlace place, StoreSession session, SharedStoreOptions options)
    {
        _place = place;
        _session = session;
        _options = options;
        _silence = new SilenceWatch(options.Time);
    }

    /// <summary>For tests: awaited instead of a pause, wherever others are waited for.</summary>
    internal Func<Task>? Waiting { get; init; }

    /// <summary>Of the round that goes on, or was the last.</summary>
    internal Guid Id => _id;

    /// <summary>That have told what they hold, the second time. Known after <see cref="AfterLooksAsync"/>.</summary>
    internal IReadOnlyCollection<Guid> Sessions { get; private set; } = [];

    /// <summary>Blocks that are not marked and carry an older epoch are needed by nobody. Known after <see cref="BeforeListAsync"/>.</summary>
    internal long Limit { get; private set; }

    /// <exception cref="BackupException">5014 where another process grooms; 5060.</exception>
    internal static async Task<GroomTurn> TakeAsync(
        ISharedPlace place,
        StoreSession session,
        SharedStoreOptions options,
        Func<Task>? waiting,
        CancellationToken cancellation
    )
    {
        var turn = new GroomTurn(place, session, options) { Waiting = waiting };
        await turn.TakeAsync(cancellation);
        return turn;
    }

    public async Task<IReadOnlyList<BlockId>> BeforeListAsync(CancellationToken cancellation)
    {
        if (_isAsked)
        {
            await BeginAgainAsync(cancellation);
        }

        _isAsked = true;
        var state = await ProceedAsync(GroomPhase.Asking, GroomPhase.Marking, cancellation);
        Limit = state.OldestNeeded;
        await RevokeAsync(cancellation);
        return await HeldAsync(state, cancellation);
    }

    public async Task<HeldLater> AfterLooksAsync(CancellationToken cancellation)
    {
        await ProceedAsync(GroomPhase.Marking, GroomPhase.AskingAgain, cancellation);
        var state = await ProceedAsync(GroomPhase.AskingAgain, GroomPhase.Sweeping, cancellation);
        Sessions = [.. state.Sessions.Keys];
        // Who was struck off meanwhile has not told what it held: what it has published since the listing shows that, in another round.
        var isAnyGone = await RevokeAsync(cancellation);
        return new HeldLater(await HeldAsync(state, cancellation), isAnyGone);
    }

    /// <summary>Gives packs up: from then on nobody relies on them, whatever becomes of this process.</summary>
    /// <exception cref="BackupException">5062 where another process has taken the turn.</exception>
    internal async Task CondemnAsync(Guid list, CancellationToken cancellation)
    {
        var state = await _session.State.ChangeAsync(one => one.Condemn(_id, list), cancellation);
        if (!state.Condemned.Contains(list))
        {
            throw BlockstoreErrors.GroomOvertaken(_place.Name);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_session.IsOver)
        {
            // With the session the turn ends, too.
            return;
        }

        try
        {
            // In this order: whoever has written and is not in the state that is read after that never comes back.
            var written = await _place.ListHeldAsync(CancellationToken.None);
            var state = await _session.State.ChangeAsync(state => state.EndGroom(_id), CancellationToken.None);
            List<Guid> gone = [.. written.Distinct().Where(one => !state.Sessions.ContainsKey(one))];
            await _place.RemoveHeldAsync(_id, gone, CancellationToken.None);
        }
        catch (BackupException)
        {
            // The next one takes it over.
        }
    }

    private async Task TakeAsync(CancellationToken cancellation)
    {
        var before = (await _session.ConfirmAsync(cancellation)).LiveGroom;
        var beat = before is null ? 0 : _session.State.Latest!.Sessions[before.Session].Beat;
        while (true)
        {
            var state = await _session.State.ChangeAsync(
                one => one.EndGroomOf(_session.Id, _id).BeginGroom(_id, _session.Id),
                cancellation
            );
            if (state.Groom?.Id == _id)
            {
                return;
            }

            _session.ThrowIfLost();
            if (state.LiveGroom is { } other && (other.Id != before?.Id || state.Sessions[other.Session].Beat != beat))
            {
                throw BlockstoreErrors.Grooming(_place.Name);
            }

            // Its process may be dead: that takes its time to be known.
            await StrikeOffAsync(state, cancellation);
            await WaitAsync(cancellation);
        }
    }

    /// <summary>Another round is as another groom, by the same process and without giving the turn back.</summary>
    private async Task BeginAgainAsync(CancellationToken cancellation)
    {
        var (before, next) = (_id, Guid.NewGuid());
        _id = next;
        var state = await _session.State.ChangeAsync(one => one.BeginAgain(before, next), cancellation);
        if (state.LiveGroom?.Id != next)
        {
            throw BlockstoreErrors.GroomOvertaken(_place.Name);
        }
    }

    private async Task<StoreState> ProceedAsync(GroomPhase from, GroomPhase to, CancellationToken cancellation)
    {
        while (true)
        {
            var state = await _session.State.ChangeAsync(one => one.Proceed(_id, from, to), cancellation);
            if (state.LiveGroom?.Id != _id)
            {
                throw BlockstoreErrors.GroomOvertaken(_place.Name);
            }

            if (state.Groom!.Phase == to)
            {
                return state;
            }

            await _session.ConfirmAsync(cancellation);
            await StrikeOffAsync(state, cancellation);
            await WaitAsync(cancellation);
        }
    }

    private async Task StrikeOffAsync(StoreState state, CancellationToken cancellation)
    {
        foreach (var (session, beat) in _silence.Silent(state, _options.SilenceLimit))
        {
            if (session != _session.Id)
            {
                await _session.State.ChangeAsync(one => one.ShutOutSilent(session, beat), cancellation);
            }
        }
    }

    /// <summary>Keeps who was struck off from publishing. It stays written down until that is done.</summary>
    private async Task<bool> RevokeAsync(CancellationToken cancellation)
    {
        var gone = (await _session.State.ChangeAsync(static one => one, cancellation)).ShutOut;
        if (gone.IsEmpty)
        {
            return false;
        }

        if (_options.Fence is { } fence)
        {
            await fence.RevokeAsync(gone, cancellation);
        }

        await _session.State.ChangeAsync(one => one with { ShutOut = one.ShutOut.Except(gone) }, cancellation);
        return true;
    }

    private async Task<List<BlockId>> HeldAsync(StoreState state, CancellationToken cancellation)
    {
        var held = new HashSet<BlockId>();
        foreach (var (session, answer) in state.Sessions)
        {
            var roots = await _place.ReadHeldAsync(session, _id, cancellation);
            if (roots.Count < answer.AnsweredRoots)
            {
                throw BlockstoreErrors.AnswerLost(_place.Name, roots.Count, answer.AnsweredRoots);
            }

            held.UnionWith(roots);
        }

        return [.. held];
    }

    private Task WaitAsync(CancellationToken cancellation)
    {
        if (Waiting is { } others)
        {
            return others();
        }

        // Alone it goes on at once; others answer at their next sign of life.
        _pause = _pause * 2 < _options.BeatInterval / 4 ? _pause * 2 : _options.BeatInterval / 4;
        return Task.Delay(_pause, _options.Time, cancellation);
    }
}

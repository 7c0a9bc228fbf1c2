using Backup.Blockstore.Grooming;
using Backup.Foundation.Errors;

namespace Backup.Blockstore.Shared;

/// <summary>
/// Tells a groom, whoever runs it, what this process holds: when it asks first, and once more when nobody looks any more, then with all that was held
/// meanwhile. It is told to the session, after each sign of life, how far the groom is.
/// </summary>
/// <param name="place">Where answers are written down.</param>
/// <param name="session">Of this process.</param>
/// <param name="holds">Of this process.</param>
/// <param name="settle"><see cref="SessionCalls.Settle"/>.</param>
internal sealed class GroomAnswers(
    ISharedPlace place,
    StoreSession session,
    BlockHolds holds,
    Func<SessionAnswer, StoreSession, CancellationToken, Task> settle
)
{
    private readonly Lock _gate = new();
    private readonly HashSet<BlockId> _held = [];
    private HoldWatch? _watch;
    private Guid _groom;
    private GroomPhase _answered;

    /// <summary>The answer that is being given.</summary>
    internal Task UnderWay { get; private set; } = Task.CompletedTask;

    /// <summary>Begins to watch holds before this is back, where a groom is under way; answers it beside the caller.</summary>
    internal void Observe(StoreState state, CancellationToken stopping)
    {
        lock (_gate)
        {
            var groom = state.LiveGroom;
            if (groom?.Id != _groom)
            {
                Forget();
            }

            if (groom is null)
            {
                return;
            }

            if (_watch is null)
            {
                _watch = holds.Watch();
                _groom = groom.Id;
            }

            var isAsked = groom.Phase is GroomPhase.Asking or GroomPhase.AskingAgain && _answered != groom.Phase;
            if (isAsked && UnderWay.IsCompleted)
            {
                var watch = _watch;
                UnderWay = Task.Run(() => AnswerAsync(groom, watch, stopping), CancellationToken.None);
            }
        }
    }

    internal async Task StopAsync()
    {
        await UnderWay;
        lock (_gate)
        {
            Forget();
        }
    }

    private void Forget()
    {
        _watch?.Dispose();
        _watch = null;
        _groom = default;
        _answered = GroomPhase.None;
        _held.Clear();
    }

    private async Task AnswerAsync(GroomState groom, HoldWatch watch, CancellationToken stopping)
    {
        try
        {
            if (groom.Phase == GroomPhase.AskingAgain)
            {
                await holds.LooksEndedAsync().WaitAsync(stopping);
            }

            List<BlockId> held;
            long floor;
            lock (_gate)
            {
                if (_watch != watch)
                {
                    return;
                }

                // Before the roots: what work that ends in between has put leads from one of them, or is not older than this.
                floor = session.Floor();

                // All that was held since the groom began: an answer that is given twice lacks nothing.
                _held.UnionWith(watch.Roots());
                held = [.. _held];
            }

            var answer = new SessionAnswer(groom, floor, held.Count);
            // The groom reads what is below these blocks: they must be where it can find them.
            await settle(answer, session, stopping);
            await place.WriteHeldAsync(session.Id, groom.Id, held, stopping);
            await session.AnswerAsync(answer, stopping);
            lock (_gate)
            {
                if (_watch == watch)
                {
                    _answered = groom.Phase;
                }
            }
        }
        catch (Exception failure)
            when (failure is BackupException or OperationCanceledException or ObjectDisposedException)
        {
            // Answered after the next sign of life, if there is one.
        }
    }
}

/// <summary>What a session answers a groom, beside its roots.</summary>
/// <param name="Groom">That asks, and in which phase.</param>
/// <param name="Floor">As of <see cref="StoreSession.Floor"/>, before it looked what it holds.</param>
/// <param name="Roots">How many these are.</param>
internal readonly record struct SessionAnswer(GroomState Groom, long Floor, long Roots);

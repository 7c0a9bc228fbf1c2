using System.Collections.Concurrent;
using Backup.Blockstore.Shared;
using Backup.Foundation.Errors;

namespace Backup.Blockstore.S3;

/// <summary>
/// What a process does while a groom, its own or another's, is under way: says which blocks of old packs its work relies on, relies on no more of them, and
/// learns what was given up before it does so again. Thread-safe.
/// </summary>
/// <param name="blobs">Where the packs are.</param>
/// <param name="index">Of this process.</param>
/// <param name="closing">The store is being closed.</param>
internal sealed class S3GroomWitness(IBlobs blobs, S3Index index, CancellationToken closing)
{
    private readonly PackReuse _reuse = new();
    private readonly ConcurrentDictionary<Guid, bool> _lists = new();

    /// <summary>Ends when what the last groom gave up is known.</summary>
    internal Task Reopening { get; private set; } = Task.CompletedTask;

    /// <summary>Where a block stands already, and stays, for work that puts it now; null where it must be written.</summary>
    internal S3Location? Claim(BlockId id, long epoch)
    {
        var place = index.Find(id);
        while (place is { } found)
        {
            if (index.IsDamaged(id, found.Pack) || !_reuse.TryClaim(id, found.Pack, epoch))
            {
                return null;
            }

            // Its pack may have been given up between the two looks.
            place = index.Find(id);
            if (place == found)
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>A groom asks: from now on, the second time, no pack older than it is relied on.</summary>
    /// <returns>Writes down what was, once all that was put is published.</returns>
    internal Func<CancellationToken, Task> Answer(SessionAnswer answer, StoreSession session)
    {
        var groom = answer.Groom;
        if (groom.Phase == GroomPhase.AskingAgain)
        {
            var claims = _reuse.Close(session.Epoch);
            return stopping => S3Groom.WriteClaimsAsync(blobs, groom.Id, session.Id, claims, stopping);
        }

        // Roots are listed after this answer: what ended work has committed by now is seen there.
        _reuse.Prune(answer.Floor);
        return static _ => Task.CompletedTask;
    }

    /// <summary>Told of the state after each sign of life.</summary>
    /// <param name="state">As it is.</param>
    /// <param name="session">Null as long as it is being opened.</param>
    internal void Seen(StoreState state, StoreSession? session)
    {
        if (state.LiveGroom is { } groom)
        {
            if (groom.Phase == GroomPhase.Sweeping && !_reuse.IsClosed)
            {
                // It was not asked: it joined after that.
                _reuse.Close(state.Epoch);
            }
        }
        else if (session is not null)
        {
            _reuse.Prune(session.Floor());
            if (_reuse.IsClosed && Reopening.IsCompleted)
            {
                var closings = _reuse.Closings;
                Reopening = Task.Run(() => ReopenAsync(state, closings), CancellationToken.None);
            }
        }
    }

    /// <summary>Reads which packs were given up and are not removed yet.</summary>
    internal async Task LearnCondemnedAsync(StoreState state, CancellationToken cancellation)
    {
        foreach (var list in state.Condemned)
        {
            if (!_lists.ContainsKey(list))
            {
                index.Condemn(await S3Groom.ReadCondemnedAsync(blobs, list, cancellation));
                _lists[list] = true;
            }
        }
    }

    /// <summary>A groom is over: learns what it has given up before anything is relied on again.</summary>
    private async Task ReopenAsync(StoreState state, long closings)
    {
        try
        {
            await LearnCondemnedAsync(state, closing);
            await index.RefreshAsync(closing);
            _reuse.Open(closings);
        }
        catch (Exception failure)
            when (failure is BackupException or OperationCanceledException or ObjectDisposedException)
        {
            // After the next sign of life.
        }
    }
}

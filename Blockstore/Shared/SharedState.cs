namespace Backup.Blockstore.Shared;

/// <summary>Changes the state by compare-and-swap. Thread-safe.</summary>
internal sealed class SharedState(ISharedPlace place, TimeProvider time)
{
    private const int MostTries = 200;
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(200);

    private volatile Known? _last;

    /// <summary>The last version that this process has seen; null before the first.</summary>
    internal StoreState? Latest => _last?.State;

    /// <summary>
    /// Applies a change to the newest version. When it is back the result is durable, and nobody has changed anything between what the change was
    /// given and what it gave.
    /// </summary>
    /// <param name="change">
    /// May be called any number of times; gives back what it was given where there is nothing to change. It is applied once more where an answer was
    /// lost, so that twice must be as good as once.
    /// </param>
    /// <param name="cancellation">Stops between tries.</param>
    /// <exception cref="Foundation.Errors.BackupException">5063 where others are always quicker; those of the place.</exception>
    internal async Task<StoreState> ChangeAsync(Func<StoreState, StoreState> change, CancellationToken cancellation)
    {
        var known = _last;
        var isFresh = false;
        for (var attempt = 0; attempt < MostTries; attempt++)
        {
            if (known is null)
            {
                known = await ReadAsync(cancellation);
                isFresh = true;
            }

            var next = change(known.State);
            if (ReferenceEquals(next, known.State) && isFresh && known.Token is not null)
            {
                return known.State;
            }

            if (!ReferenceEquals(next, known.State) || isFresh)
            {
                if (await place.TryReplaceAsync(next, known.Token, cancellation) is { } token)
                {
                    _last = new Known(next, token);
                    return next;
                }

                await Task.Delay(Pause(attempt), time, cancellation);
            }

            known = null;
        }

        throw BlockstoreErrors.StateBusy(place.Name);
    }

    /// <summary>The version that is read now.</summary>
    internal async Task<StoreState> RefreshAsync(CancellationToken cancellation) =>
        (await ReadAsync(cancellation)).State;

    private static TimeSpan Pause(int attempt) =>
        attempt < 2 ? TimeSpan.Zero : LongestPause * Random.Shared.NextDouble() * Math.Min(1, attempt / 10.0);

    private async Task<Known> ReadAsync(CancellationToken cancellation)
    {
        var read = await place.ReadAsync(cancellation);
        return _last = read is { } there ? new Known(there.State, there.Token) : new Known(new StoreState(), null);
    }

    private sealed record Known(StoreState State, string? Token);
}

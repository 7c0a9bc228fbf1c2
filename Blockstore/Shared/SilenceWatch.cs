namespace Backup.Blockstore.Shared;

/// <summary>
/// Since when each session has given no sign of life, by this process's own monotonic clock: neither the hosts' dates nor the server's are asked. Not
/// thread-safe.
/// </summary>
internal sealed class SilenceWatch(TimeProvider time)
{
    private readonly Dictionary<Guid, (long Beat, long Since)> _seen = [];

    /// <summary>Looks at a version of the state, and names the sessions that have been silent for at least that long while this watched.</summary>
    internal List<(Guid Session, long Beat)> Silent(StoreState state, TimeSpan limit)
    {
        foreach (var gone in _seen.Keys.Where(id => !state.Sessions.ContainsKey(id)).ToList())
        {
            _seen.Remove(gone);
        }

        var now = time.GetTimestamp();
        var silent = new List<(Guid, long)>();
        foreach (var (id, session) in state.Sessions)
        {
            if (!_seen.TryGetValue(id, out var seen) || seen.Beat != session.Beat)
            {
                _seen[id] = (session.Beat, now);
            }
            else if (time.GetElapsedTime(seen.Since, now) >= limit)
            {
                silent.Add((id, session.Beat));
            }
        }

        return silent;
    }
}

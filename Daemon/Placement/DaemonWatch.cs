using Backup.Metadata;

namespace Backup.Daemon.Placement;

/// <summary>
/// Tells which daemons have fallen silent: those whose signs of life stand still, by a clock of this process that nobody sets. At first sight a daemon
/// is taken to be alive.
/// </summary>
/// <param name="silence">After how long without a sign of life.</param>
/// <param name="time">The clock.</param>
internal sealed class DaemonWatch(TimeSpan silence, TimeProvider time)
{
    private readonly Dictionary<string, Seen> _seen = new(StringComparer.Ordinal);

    /// <summary>Those that neither stopped nor are silent.</summary>
    /// <param name="daemons">As they are stored now.</param>
    internal List<DaemonRecord> Live(IReadOnlyList<DaemonRecord> daemons) => [.. daemons.Where(IsLive)];

    private bool IsLive(DaemonRecord daemon)
    {
        var id = daemon.Report.Id;
        if (
            !_seen.TryGetValue(id, out var seen)
            || seen.Session != daemon.Report.Session
            || seen.Renewals != daemon.Renewals
        )
        {
            _seen[id] = seen = new Seen(daemon.Report.Session, daemon.Renewals, time.GetTimestamp());
        }

        return daemon.StoppedAt is null && time.GetElapsedTime(seen.At) <= silence;
    }

    private sealed record Seen(string Session, long Renewals, long At);
}

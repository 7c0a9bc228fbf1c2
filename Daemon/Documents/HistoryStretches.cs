using Backup.Daemon.PointInTime;
using Backup.Foundation;

namespace Backup.Daemon.Documents;

/// <summary>What of a timeline a history is told of, oldest first: a stretch has no gap.</summary>
internal static class HistoryStretches
{
    /// <param name="ranges">That can be restored.</param>
    /// <param name="since">The first moment that is wanted; null: from the oldest on.</param>
    /// <param name="until">The last one; null: up to the newest.</param>
    /// <param name="name">Of what has the history, for people.</param>
    /// <exception cref="Foundation.Errors.BackupException">Nothing between the two can be restored.</exception>
    internal static IReadOnlyList<(Optime From, Optime To)> Of(
        IEnumerable<(Optime From, Optime To)> ranges,
        RestorePoint? since,
        RestorePoint? until,
        string name
    )
    {
        List<(Optime From, Optime To)> found =
        [
            .. ranges
                .Select(range => (From: Later(range.From, since?.AtMost), To: Earlier(range.To, until?.AtMost)))
                .Where(static one => one.From <= one.To),
        ];
        return found.Count > 0 ? found : throw DaemonErrors.NothingRestorable(name);
    }

    private static Optime Later(Optime optime, Optime? other) => other > optime ? other.Value : optime;

    private static Optime Earlier(Optime optime, Optime? other) => other < optime ? other.Value : optime;
}

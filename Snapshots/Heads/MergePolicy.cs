using Backup.Snapshots.Runs;

namespace Backup.Snapshots.Heads;

/// <summary>
/// Which runs to merge: the newest ones up to the first that is more than twice as large as all newer ones together. So a byte is rewritten only when
/// what it is merged with has grown to about its own size: a logarithmic number of times.
/// </summary>
internal static class MergePolicy
{
    private const int Growth = 2;

    /// <param name="newestFirst">All runs of a collection.</param>
    /// <param name="maxRuns">The most that may stay.</param>
    /// <returns>How many of the newest to merge, at least 2; null where they are few enough.</returns>
    internal static int? Choose(IReadOnlyList<RunReference> newestFirst, int maxRuns)
    {
        if (newestFirst.Count <= maxRuns)
        {
            return null;
        }

        var sum = newestFirst[0].Statistics.RawBytes;
        var count = 1;
        while (count < newestFirst.Count && newestFirst[count].Statistics.RawBytes <= Growth * sum)
        {
            sum += newestFirst[count++].Statistics.RawBytes;
        }

        return Math.Max(count, newestFirst.Count - maxRuns + 1);
    }
}

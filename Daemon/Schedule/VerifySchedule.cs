using System.Text.Json;
using Backup.Daemon.Jobs;
using Backup.Metadata;

namespace Backup.Daemon.Schedule;

/// <summary>
/// Queues verifications of the newest snapshot: the first one an interval after there is something to verify, then one an interval, and none of what was proven already.
/// </summary>
internal sealed class VerifySchedule(IMetadataStore metadata, TimeProvider time)
{
    /// <summary>Between two looks at the same subject.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, DateTimeOffset> _looked = new(StringComparer.Ordinal);

    /// <summary>Whether the subject is to be looked at again: lists of snapshots are long, and a minute does not matter.</summary>
    internal bool IsTime(string subjectId)
    {
        var now = time.GetUtcNow();
        if (_looked.TryGetValue(subjectId, out var looked) && now - looked < Look)
        {
            return false;
        }

        _looked[subjectId] = now;
        return true;
    }

    /// <param name="subjectId">The replica set, or the cluster's deployment.</param>
    /// <param name="policy">Its own.</param>
    /// <param name="newestId">Of its newest complete snapshot.</param>
    /// <param name="oldestAt">When its oldest was made.</param>
    /// <param name="cancellation">Nothing was queued then.</param>
    internal async Task LookAsync(
        string subjectId,
        SnapshotPolicy policy,
        string newestId,
        DateTimeOffset oldestAt,
        CancellationToken cancellation
    )
    {
        var now = time.GetUtcNow();
        if (policy.VerifyInterval == TimeSpan.Zero || now - oldestAt < policy.VerifyInterval)
        {
            return;
        }

        var last = (
            await metadata.Jobs.FindAsync(new JobQuery([subjectId], 1) { Kinds = [JobKinds.Verify] }, cancellation)
        ).FirstOrDefault();
        var arguments = JsonSerializer.Serialize(new VerifyArguments(newestId), JobKinds.Json);
        if (
            last is null
            || (
                last.State is not (JobState.Queued or JobState.Running)
                && now - last.CreatedAt >= policy.VerifyInterval
                && (last.State != JobState.Succeeded || last.Arguments != arguments)
            )
        )
        {
            await metadata.Jobs.AddAsync(JobKinds.New(JobKinds.Verify, subjectId, arguments, now), cancellation);
        }
    }
}

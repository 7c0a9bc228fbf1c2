using System.Text.Json;
using Backup.Daemon.Jobs;
using Backup.Metadata;

namespace Backup.Daemon.Schedule;

/// <summary>
/// Queues grooms of the block store: soon after something was removed, and once a day in any case, for what was written and is not needed any more
/// without a snapshot having gone: runs that were merged away, work that was given up. One at a time.
/// </summary>
internal sealed class GroomSchedule(IMetadataStore metadata, TimeProvider time)
{
    /// <summary>After the last one, where something was removed since: retention removes little and often.</summary>
    internal static readonly TimeSpan SoonAfter = TimeSpan.FromHours(1);

    /// <summary>After the last one, or after the start where there was none yet.</summary>
    internal static readonly TimeSpan AtLatest = TimeSpan.FromDays(1);

    /// <summary>Looking takes a while where there are many jobs.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMinutes(1);

    private readonly DateTimeOffset _started = time.GetUtcNow();
    private DateTimeOffset? _looked;

    /// <summary>Whether a snapshot was removed since a groom was last queued here.</summary>
    internal bool HasRemoved { get; private set; }

    /// <summary>A snapshot was removed.</summary>
    internal void Removed() => HasRemoved = true;

    internal async Task LookAsync(CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (now - _looked < Look)
        {
            return;
        }

        _looked = now;
        var last = (
            await metadata.Jobs.FindAsync(
                new JobQuery([JobSubjects.Store], 1) { Kinds = [JobKinds.Groom] },
                cancellation
            )
        ).FirstOrDefault();
        if (last is { State: JobState.Queued or JobState.Running })
        {
            return;
        }

        var idle = now - (last?.CreatedAt ?? _started);
        var trigger =
            idle >= AtLatest ? GroomArguments.Daily
            : HasRemoved && (last is null || idle >= SoonAfter) ? GroomArguments.Retention
            : null;
        if (trigger is not null)
        {
            var arguments = JsonSerializer.Serialize(new GroomArguments(trigger), JobKinds.Json);
            await metadata.Jobs.AddAsync(JobKinds.New(JobKinds.Groom, JobSubjects.Store, arguments, now), cancellation);
            HasRemoved = false;
        }
    }
}

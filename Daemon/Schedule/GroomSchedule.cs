using System.Text.Json;
using Backup.Daemon.Jobs;
using Backup.Metadata;

namespace Backup.Daemon.Schedule;

/// <summary>
/// Queues grooms of the block store: soon after something was removed, and once a day in any case, for what was written and is not needed any more
/// without a snapshot having gone: runs that were merged away, work that was given up. One at a time.
/// </summary>
/// <param name="metadata">The queue.</param>
/// <param name="hour">Of the day (UTC): then alone, once a day; null: as above.</param>
/// <param name="time">The clock.</param>
internal sealed class GroomSchedule(IMetadataStore metadata, int? hour, TimeProvider time)
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
        var trigger = hour is { } only ? TriggerAt(only, now, last) : Trigger(last is null, idle);
        if (trigger is not null)
        {
            var arguments = JsonSerializer.Serialize(new GroomArguments(trigger), JobKinds.Json);
            await metadata.Jobs.AddAsync(JobKinds.New(JobKinds.Groom, JobSubjects.Store, arguments, now), cancellation);
            HasRemoved = false;
        }
    }

    private string? Trigger(bool isFirst, TimeSpan idle) =>
        idle >= AtLatest ? GroomArguments.Daily
        : HasRemoved && (isFirst || idle >= SoonAfter) ? GroomArguments.Retention
        : null;

    /// <summary>Within that hour where none was queued in it; and at any time where one was missed for a day more: the appliance was down then.</summary>
    private string? TriggerAt(int only, DateTimeOffset now, JobRecord? last)
    {
        var begin = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero).AddHours(only);
        var isThen = now >= begin && now < begin.AddHours(1) && (last is null || last.CreatedAt < begin);
        var isMissed = now - (last?.CreatedAt ?? _started) >= AtLatest + AtLatest;
        return isThen || isMissed ? GroomArguments.Daily : null;
    }
}

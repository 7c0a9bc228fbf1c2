using Backup.Metadata;

namespace Backup.Daemon.Schedule;

/// <summary>
/// Decides which snapshots stay, and why: plain arithmetic over a policy, the same for the daemon that removes them and for whoever asks what would be
/// removed. Nothing is decided when a snapshot is taken, so a policy that was changed holds for all that are there.
/// </summary>
public static class RetentionPlanner
{
    /// <summary>
    /// A snapshot without an end of its own stays for as long as the policy keeps all; as the last one of its day, its week and its month, by the
    /// calendar of the policy's zone, it stays for as long as the policy keeps those. One with an end of its own stays until then, and stands for no day. The
    /// newest one always stays, and what is pinned, read, or needed by the point-in-time window.
    /// </summary>
    /// <param name="policy">Valid.</param>
    /// <param name="zone">The policy's.</param>
    /// <param name="newestFirst">All that can be restored: of a replica set, or of a cluster as a whole.</param>
    /// <param name="now">The time.</param>
    /// <param name="keepsLast">False where something newer is kept beside these.</param>
    /// <returns>In the same order.</returns>
    public static IReadOnlyList<Keeping> Plan(
        SnapshotPolicy policy,
        TimeZoneInfo zone,
        IReadOnlyList<RetentionItem> newestFirst,
        DateTimeOffset now,
        bool keepsLast = true
    )
    {
        var (days, weeks, months) = (new HashSet<DateOnly>(), new HashSet<DateOnly>(), new HashSet<DateOnly>());
        var plan = new List<Keeping>(newestFirst.Count);
        foreach (var (index, item) in newestFirst.Index())
        {
            var causes = new List<KeepCause>();
            if (item.End is { } end)
            {
                AddUntil(causes, KeepReason.OwnEnd, end, now);
            }
            else
            {
                AddRow(KeepReason.Base, policy.BaseRetention, isOfIt: true);
                var day = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(item.TakenAt, zone).DateTime);
                AddRow(KeepReason.Daily, policy.DailyRetention, days.Add(day));
                AddRow(KeepReason.Weekly, policy.WeeklyRetention, weeks.Add(EndOfWeek(day, policy.WeekEnds)));
                AddRow(KeepReason.Monthly, policy.MonthlyRetention, months.Add(new DateOnly(day.Year, day.Month, 1)));
            }

            Add(KeepReason.PointInTime, item.IsBase);
            Add(KeepReason.Pinned, item.IsPinned);
            Add(KeepReason.Read, item.IsRead);
            Add(KeepReason.Alert, item.IsOfAlert);
            Add(KeepReason.Last, keepsLast && index == 0);
            plan.Add(new Keeping(item.Id, causes));

            void AddRow(KeepReason reason, TimeSpan length, bool isOfIt)
            {
                if (isOfIt && length > TimeSpan.Zero)
                {
                    AddUntil(causes, reason, item.TakenAt + length, now);
                }
            }

            void Add(KeepReason reason, bool holds)
            {
                if (holds)
                {
                    causes.Add(new KeepCause(reason, Until: null));
                }
            }
        }

        return plan;
    }

    private static void AddUntil(List<KeepCause> causes, KeepReason reason, DateTimeOffset until, DateTimeOffset now)
    {
        if (until > now)
        {
            causes.Add(new KeepCause(reason, until));
        }
    }

    private static DateOnly EndOfWeek(DateOnly day, DayOfWeek last) =>
        day.AddDays(((int)last - (int)day.DayOfWeek + 7) % 7);
}

/// <summary>A snapshot of a replica set, or of a cluster as a whole, as far as its keeping goes.</summary>
/// <param name="Id">Ours.</param>
/// <param name="TakenAt">When.</param>
public sealed record RetentionItem(string Id, DateTimeOffset TakenAt)
{
    /// <summary>The end that somebody gave it; null: the policy's rows decide.</summary>
    public DateTimeOffset? End { get; init; }

    public bool IsPinned { get; init; }

    /// <summary>Moments of the point-in-time window are replayed from it.</summary>
    public bool IsBase { get; init; }

    /// <summary>Somebody reads it now.</summary>
    public bool IsRead { get; init; }

    /// <summary>The moment before a mass change is restored from it, and the alert is open.</summary>
    public bool IsOfAlert { get; init; }
}

/// <summary>Why a snapshot is kept.</summary>
public enum KeepReason
{
    /// <summary>It is not older than the policy keeps all.</summary>
    Base,

    /// <summary>It is the last one of a day.</summary>
    Daily,

    /// <summary>It is the last one of a week.</summary>
    Weekly,

    /// <summary>It is the last one of a month.</summary>
    Monthly,

    /// <summary>The end that somebody gave it has not come.</summary>
    OwnEnd,

    /// <summary>Moments of the point-in-time window are replayed from it.</summary>
    PointInTime,

    Pinned,

    /// <summary>Somebody reads it now.</summary>
    Read,

    /// <summary>The moment before a mass change is restored from it, and the alert is open.</summary>
    Alert,

    /// <summary>It is the newest one.</summary>
    Last,

    /// <summary>What it is of is no longer protected: nothing new would take its place.</summary>
    Unprotected,

    /// <summary>This machine does not know the policy's time zone, so nothing is decided.</summary>
    UnknownZone,
}

/// <summary>A reason to keep a snapshot.</summary>
/// <param name="Reason">See <see cref="KeepReason"/>.</param>
/// <param name="Until">
/// As long as that holds: of the last one of a day, a week or a month that is not over, unless another one is taken in it. Null where no time says so.
/// </param>
public sealed record KeepCause(KeepReason Reason, DateTimeOffset? Until);

/// <summary>What becomes of a snapshot.</summary>
/// <param name="Id">Ours.</param>
/// <param name="Causes">Why it is kept; none: its time is over.</param>
public sealed record Keeping(string Id, IReadOnlyList<KeepCause> Causes)
{
    public bool IsKept => Causes.Count > 0;

    /// <summary>When its time is over as far as times say; null where none does.</summary>
    public DateTimeOffset? Until =>
        Causes.Any(static cause =>
            cause.Reason is KeepReason.Pinned or KeepReason.Unprotected or KeepReason.UnknownZone
        )
            ? null
            : Causes.Max(static cause => cause.Until);
}

using Backup.Foundation.Errors;

namespace Backup.Metadata;

/// <summary>When snapshots are taken and which are kept for how long.</summary>
/// <param name="SubjectId">The replica set, or the deployment of a cluster, whose sets follow it.</param>
/// <param name="Interval">15 minutes to 24 hours; 6 hours unless set. It divides a day, where <see cref="At"/> is set.</param>
/// <param name="Reference">A time at which a snapshot is due. Without <see cref="At"/> they are due every interval before and after it.</param>
/// <param name="BaseRetention">How long every snapshot is kept; zero: not for being one. 2 days unless set.</param>
/// <param name="PointInTimeWindow">How far back every moment can be restored; zero (none) to 90 days, 24 hours unless set.</param>
public sealed record SnapshotPolicy(
    string SubjectId,
    TimeSpan Interval,
    DateTimeOffset Reference,
    TimeSpan BaseRetention,
    TimeSpan PointInTimeWindow
)
{
    public static readonly TimeSpan LongestWindow = TimeSpan.FromDays(90);

    /// <summary>Seven years, each of 366 days: never less than the calendar's.</summary>
    public static readonly TimeSpan LongestRetention = TimeSpan.FromDays(7 * 366);

    public static readonly TimeSpan UsualVerification = TimeSpan.FromDays(7);

    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    /// <summary>
    /// Snapshots are due at this time of every day in <see cref="Zone"/>, and every interval from it, by the clocks of that zone. Null of a policy that
    /// an early release stored: every interval from <see cref="Reference"/>.
    /// </summary>
    public TimeOnly? At { get; init; }

    /// <summary>IANA name of the time zone in which days, weeks and months begin and end, and whose clocks say when snapshots are due.</summary>
    public string Zone { get; init; } = TimeZones.Utc;

    /// <summary>How long the last snapshot of each day is kept; zero: not for being that. 7 days unless set.</summary>
    public TimeSpan DailyRetention { get; init; }

    /// <summary>How long the last snapshot of each week is kept; zero: not for being that. 31 days unless set.</summary>
    public TimeSpan WeeklyRetention { get; init; }

    /// <summary>How long the last snapshot of each month is kept; zero: not for being that. 366 days unless set.</summary>
    public TimeSpan MonthlyRetention { get; init; }

    /// <summary>The last day of a week.</summary>
    public DayOfWeek WeekEnds { get; init; } = DayOfWeek.Sunday;

    /// <summary>Of a cluster: from one checkpoint to the next, 15, 30 or 60 minutes; null: none are made.</summary>
    public TimeSpan? CheckpointInterval { get; init; }

    /// <summary>Of a cluster: what becomes of a cut whose balancer cannot be stopped.</summary>
    public BalancerRule Balancer { get; init; }

    /// <summary>How often the newest snapshot is read back whole and proven; zero: only when somebody asks. A week unless set.</summary>
    public TimeSpan VerifyInterval { get; init; } = UsualVerification;

    /// <summary>Of whom nothing is stored.</summary>
    public static SnapshotPolicy Default(string subjectId) =>
        new(subjectId, TimeSpan.FromHours(6), DateTimeOffset.UnixEpoch, TimeSpan.FromDays(2), TimeSpan.FromHours(24))
        {
            At = TimeOnly.MinValue,
            DailyRetention = TimeSpan.FromDays(7),
            WeeklyRetention = TimeSpan.FromDays(31),
            MonthlyRetention = TimeSpan.FromDays(366),
        };

    /// <summary>Refuses a value out of its range, with the name of the field.</summary>
    /// <exception cref="BackupException">6012; 6150 of a time zone.</exception>
    public void Validate()
    {
        Require(
            Interval >= TimeSpan.FromMinutes(15) && Interval <= Day,
            "interval",
            "15 minutes to 24 hours",
            "intervalSeconds"
        );
        Require(
            At is null || Day.Ticks % Interval.Ticks == 0,
            "interval",
            "one that divides a day, so that snapshots are due at the same times of each: 15m, 20m, 30m, 1h, 2h, 3h, 4h, 6h, 8h, 12h or 24h",
            "intervalSeconds"
        );
        _ = TimeZones.Find(Zone);
        RequireRow(
            BaseRetention,
            Interval,
            "base retention",
            "at least the interval between two snapshots",
            "keepSeconds"
        );
        RequireRow(DailyRetention, Day, "daily retention", "at least a day", "dailySeconds");
        RequireRow(WeeklyRetention, 7 * Day, "weekly retention", "at least 7 days", "weeklySeconds");
        RequireRow(MonthlyRetention, 31 * Day, "monthly retention", "at least 31 days", "monthlySeconds");
        Require(Enum.IsDefined(WeekEnds), "last day of a week", "sunday to saturday", "weekEnds");
        Require(
            PointInTimeWindow >= TimeSpan.Zero && PointInTimeWindow <= LongestWindow,
            "point-in-time window",
            "zero (none) to 90 days",
            "windowSeconds"
        );
        Require(
            VerifyInterval == TimeSpan.Zero || (VerifyInterval >= Day && VerifyInterval <= 366 * Day),
            "time between verifications",
            "a day to 366 days, or 0 for none",
            "verifySeconds"
        );
        Require(
            CheckpointInterval is null or { TotalMinutes: 15 or 30 or 60 },
            "time between checkpoints",
            "15, 30 or 60 minutes, or none",
            "checkpointSeconds"
        );
    }

    private static void RequireRow(TimeSpan row, TimeSpan least, string what, string range, string field) =>
        Require(
            row == TimeSpan.Zero || (row >= least && row <= LongestRetention),
            what,
            $"{range}, up to 7 years ({LongestRetention.TotalDays:0} days), or 0 for none",
            field
        );

    private static void Require(bool isRight, string what, string range, string field)
    {
        if (!isRight)
        {
            throw MetadataErrors.Policy(what, range, field);
        }
    }
}

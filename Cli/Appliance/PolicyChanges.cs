using System.Globalization;
using Backup.Daemon.Schedule;
using Backup.Metadata;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Appliance;

/// <summary>Policies as people see and change them.</summary>
internal static class PolicyChanges
{
    private static readonly string[] TimesOfDay = ["HH:mm", "HH:mm:ss"];

    /// <summary>The policy with what the change names; valid.</summary>
    /// <exception cref="Foundation.Errors.BackupException">6012, 6150, 9501, 9571 with the field that is wrong.</exception>
    internal static SnapshotPolicy Apply(SnapshotPolicy policy, PolicyChange change, DateTimeOffset now)
    {
        var changed = policy with
        {
            Interval = Length(change.IntervalSeconds, "intervalSeconds") ?? policy.Interval,
            Zone = change.Zone ?? policy.Zone,
            BaseRetention = Length(change.KeepSeconds, "keepSeconds") ?? policy.BaseRetention,
            DailyRetention = Length(change.DailySeconds, "dailySeconds") ?? policy.DailyRetention,
            WeeklyRetention = Length(change.WeeklySeconds, "weeklySeconds") ?? policy.WeeklyRetention,
            MonthlyRetention = Length(change.MonthlySeconds, "monthlySeconds") ?? policy.MonthlyRetention,
            WeekEnds = DayOf(change.WeekEnds) ?? policy.WeekEnds,
            VerifyInterval = Length(change.VerifySeconds, "verifySeconds") ?? policy.VerifyInterval,
            PointInTimeWindow = Length(change.WindowSeconds, "windowSeconds") ?? policy.PointInTimeWindow,
            CheckpointInterval = change.CheckpointSeconds switch
            {
                null => policy.CheckpointInterval,
                0 => null,
                { } seconds => Length(seconds, "checkpointSeconds"),
            },
            Balancer = Rule(change.Balancer) ?? policy.Balancer,
        };
        if (change is not { At: null, Reference: null, Zone: null, IntervalSeconds: null })
        {
            changed = Scheduled(changed, policy, change, now);
        }

        changed.Validate();
        return changed;
    }

    internal static PolicyView View(PolicySubject subject, SnapshotPolicy policy, DateTimeOffset now) =>
        new(
            subject.Name,
            (long)policy.Interval.TotalSeconds,
            policy.Reference,
            (long)policy.BaseRetention.TotalSeconds,
            (long)policy.PointInTimeWindow.TotalSeconds,
            new DueTimes(policy).Next(now, 1)[0]
        )
        {
            At = policy.At?.ToString(policy.At.Value.Second == 0 ? "HH:mm" : "HH:mm:ss", CultureInfo.InvariantCulture),
            Zone = policy.Zone,
            DailySeconds = (long)policy.DailyRetention.TotalSeconds,
            WeeklySeconds = (long)policy.WeeklyRetention.TotalSeconds,
            MonthlySeconds = (long)policy.MonthlyRetention.TotalSeconds,
            WeekEnds = NameOf(policy.WeekEnds),
            VerifySeconds = (long)policy.VerifyInterval.TotalSeconds,
            CheckpointSeconds = subject.IsCluster ? (long)(policy.CheckpointInterval?.TotalSeconds ?? 0) : null,
            Balancer =
                !subject.IsCluster ? null
                : policy.Balancer == BalancerRule.Refuse ? "refuse"
                : "flag",
        };

    /// <summary>What says when snapshots are due was named: from now on they are due at times of the day.</summary>
    private static SnapshotPolicy Scheduled(
        SnapshotPolicy changed,
        SnapshotPolicy before,
        PolicyChange change,
        DateTimeOffset now
    )
    {
        if (change is { At: not null, Reference: not null })
        {
            throw CliErrors.PolicyField(
                "A time of day and a reference say the same in two ways.",
                "Give one of them.",
                "reference"
            );
        }

        var zone = TimeZones.Find(changed.Zone);
        var at = change switch
        {
            { At: { } text } => TimeOf(text),
            { Reference: { } reference } => TimeOf(reference, zone),
            // As it was shown so far: by the clocks of its own zone.
            _ => before.At ?? TimeOf(before.Reference, TimeZones.Find(before.Zone)),
        };
        changed = changed with { At = at };
        // Refused before it is worked with.
        changed.Validate();
        return changed with { Reference = change.Reference?.ToUniversalTime() ?? new DueTimes(changed).Last(now) };
    }

    private static TimeOnly TimeOf(DateTimeOffset moment, TimeZoneInfo zone) =>
        TimeOnly.FromDateTime(TimeZoneInfo.ConvertTime(moment, zone).DateTime);

    private static TimeOnly TimeOf(string text) =>
        TimeOnly.TryParseExact(text, TimesOfDay, CultureInfo.InvariantCulture, DateTimeStyles.None, out var at)
            ? at
            : throw CliErrors.PolicyField(
                $"'{text}' is no time of day.",
                "Write hours and minutes, 00:00 to 23:59, for example 02:00.",
                "at"
            );

    private static DayOfWeek? DayOf(string? text) =>
        text is null
            ? null
            : Enum.GetValues<DayOfWeek>().Cast<DayOfWeek?>().FirstOrDefault(day => NameOf(day!.Value) == text)
                ?? throw CliErrors.PolicyField(
                    $"'{text}' is no day of a week.",
                    "Write one of sunday, monday, tuesday, wednesday, thursday, friday, saturday.",
                    "weekEnds"
                );

    private static string NameOf(DayOfWeek day) => day.ToString().ToLowerInvariant();

    private static BalancerRule? Rule(string? text) =>
        text switch
        {
            null => null,
            "flag" => BalancerRule.Flag,
            "refuse" => BalancerRule.Refuse,
            _ => throw CliErrors.PolicyField(
                $"'{text}' is nothing that can become of a snapshot whose balancer cannot be stopped.",
                "It is flag (it is taken, and says so) or refuse (none is taken).",
                "balancer"
            ),
        };

    /// <summary>Longer ones than a length of time can be are out of every range.</summary>
    private static TimeSpan? Length(long? seconds, string field) =>
        seconds switch
        {
            null => null,
            < 0 or > int.MaxValue => throw CliErrors.PolicyField(
                "A length of time is out of every range.",
                "Choose 0 to 2562 days.",
                field
            ),
            { } some => TimeSpan.FromSeconds(some),
        };
}

using Backup.Foundation.Errors;
using Backup.Metadata;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata;

public sealed class SnapshotPolicyTests
{
    private static readonly SnapshotPolicy Default = SnapshotPolicy.Default("r1");

    public static TheoryData<string, SnapshotPolicy> OutOfRange() =>
        new()
        {
            { "intervalSeconds", Default with { Interval = TimeSpan.FromMinutes(14) } },
            { "intervalSeconds", Default with { Interval = TimeSpan.FromHours(25) } },
            { "intervalSeconds", Default with { Interval = TimeSpan.FromHours(5) } },
            { "keepSeconds", Default with { BaseRetention = TimeSpan.FromHours(5) } },
            { "keepSeconds", Default with { BaseRetention = SnapshotPolicy.LongestRetention + TimeSpan.FromDays(1) } },
            { "dailySeconds", Default with { DailyRetention = TimeSpan.FromHours(23) } },
            { "dailySeconds", Default with { DailyRetention = TimeSpan.FromDays(-1) } },
            { "weeklySeconds", Default with { WeeklyRetention = TimeSpan.FromDays(6) } },
            { "monthlySeconds", Default with { MonthlyRetention = TimeSpan.FromDays(30) } },
            { "monthlySeconds", Default with { MonthlyRetention = TimeSpan.FromDays(2563) } },
            { "weekEnds", Default with { WeekEnds = (DayOfWeek)7 } },
            { "windowSeconds", Default with { PointInTimeWindow = TimeSpan.FromDays(91) } },
            { "checkpointSeconds", Default with { CheckpointInterval = TimeSpan.FromMinutes(20) } },
        };

    [Theory]
    [MemberData(nameof(OutOfRange))]
    public void A_value_out_of_its_range_is_refused_with_its_field(string field, SnapshotPolicy policy)
    {
        var failure = Should.Throw<BackupException>(policy.Validate);
        (failure.Number, failure.Field).ShouldBe((MetadataErrors.PolicyRange, field));
    }

    [Fact]
    public void Every_row_may_be_off_and_as_long_as_seven_years()
    {
        (
            Default with
            {
                BaseRetention = TimeSpan.Zero,
                DailyRetention = TimeSpan.Zero,
                WeeklyRetention = TimeSpan.Zero,
                MonthlyRetention = TimeSpan.Zero,
            }
        ).Validate();
        var longest = SnapshotPolicy.LongestRetention;
        // By the calendar seven years are never longer than that.
        (new DateTime(2031, 3, 1) - new DateTime(2024, 3, 1)).ShouldBeLessThanOrEqualTo(longest);
        (
            Default with
            {
                BaseRetention = longest,
                DailyRetention = longest,
                WeeklyRetention = longest,
                MonthlyRetention = longest,
            }
        ).Validate();
    }

    [Fact]
    public void What_an_early_release_stored_is_valid_whatever_its_interval() =>
        (Default with { At = null, Interval = TimeSpan.FromHours(5) }).Validate();

    [Theory]
    [InlineData("europe/berlin", "Europe/Berlin")]
    [InlineData("Berlin", "Europe/Berlin")]
    [InlineData("Europe/Berln", "Europe/Berlin")]
    [InlineData("America/New York", "America/New_York")]
    [InlineData("utc", "UTC")]
    public void An_unknown_zone_is_refused_with_what_is_known_nearby(string name, string near)
    {
        var failure = Should.Throw<BackupException>((Default with { Zone = name }).Validate);
        (failure.Number, failure.Field).ShouldBe((MetadataErrors.UnknownZone, "zone"));
        failure.Hint.ShouldContain(near);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Mars/Olympus_Mons")]
    [InlineData("localtime")]
    [InlineData("right/Europe/Berlin")]
    [InlineData("posix/Europe/Berlin")]
    [InlineData("../../etc/localtime")]
    [InlineData("/etc/localtime")]
    [InlineData("Europe/../UTC")]
    [InlineData("tzdata.zi")]
    [InlineData("Europe")]
    [InlineData("EuropeEuropeEuropeEuropeEuropeEuropeEuropeEuropeEuropeEuropeEurope/Berlin")]
    public void What_is_no_zone_is_refused(string name) =>
        Should.Throw<BackupException>(() => TimeZones.Find(name)).Number.ShouldBe(MetadataErrors.UnknownZone);

    [Theory]
    [InlineData("UTC")]
    [InlineData("Europe/Berlin")]
    [InlineData("America/Argentina/Buenos_Aires")]
    [InlineData("Etc/GMT+12")]
    [InlineData("Australia/Lord_Howe")]
    public void Zones_are_known_by_their_names(string name) => TimeZones.Find(name).Id.ShouldBe(name);
}

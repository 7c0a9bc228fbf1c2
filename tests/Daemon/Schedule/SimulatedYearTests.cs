using System.Reflection;
using Backup.Blockstore;
using Backup.Daemon.Jobs;
using Backup.Daemon.Schedule;
using Backup.Foundation;
using Backup.Metadata;
using Backup.Metadata.Sqlite;
using Backup.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Backup.Tests.Daemon.Schedule;

/// <summary>The daemon's rounds over a year of a clock that the test moves: what is queued, what is kept, what goes.</summary>
public sealed class SimulatedYearTests : IAsyncLifetime
{
    private static readonly TimeZoneInfo Berlin = TimeZones.Find("Europe/Berlin");

    private readonly TemporaryFolder _folder = new();
    private readonly Clock _time = new();
    private readonly List<DateTimeOffset> _taken = [];
    private IMetadataStore _metadata = null!;
    private StoredSource _source = null!;
    private ScheduleRound _round = null!;

    public async Task InitializeAsync()
    {
        _metadata = await SqliteMetadataStore.OpenAsync(_folder.File("metadata.db"), _time);
        var (blocks, objects) = (new MemoryBlockStore(), new MemoryObjectStore());
        _source = new StoredSource(_metadata, objects, _time);
        await _source.RegisterAsync();
        await _metadata.Deployments.SetStateAsync("r1", ReplicaSetState.Tailing);
        _round = new ScheduleRound(
            _metadata,
            new OplogRetention(_metadata, blocks, objects, _time),
            TimeSpan.FromDays(1),
            _time,
            NullLogger.Instance
        );
    }

    public async Task DisposeAsync()
    {
        await _metadata.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_year_of_snapshots_is_taken_at_its_times_and_thinned_out_by_its_rows()
    {
        var policy = SnapshotPolicy.Default("r1") with
        {
            Interval = TimeSpan.FromHours(12),
            At = new TimeOnly(2, 0),
            Zone = "Europe/Berlin",
            PointInTimeWindow = TimeSpan.FromHours(24),
        };
        await _metadata.Deployments.SetPolicyAsync(policy);
        await RunAsync(days: 60);
        // One of the first of March, that no row would keep, is pinned.
        var pinned = (await _metadata.Snapshots.ListAsync("r1"))[1];
        await _metadata.Snapshots.KeepAsync(pinned.Id, new KeepingChange(Pinned: true));
        await RunAsync(days: 305);

        // At two in the morning and in the afternoon of every day, summer and winter, and never twice.
        var hours = _taken.Skip(1).Select(at => TimeZoneInfo.ConvertTime(at, Berlin)).ToList();
        hours.ShouldAllBe(at => at.Hour == 2 || at.Hour == 14 || (at.Hour == 3 && at.Month == 3 && at.Day == 29));
        hours.GroupBy(at => (at.Date, at.Hour > 12)).ShouldAllBe(group => group.Count() == 1);
        hours.Count.ShouldBe(729);

        var kept = (await _metadata.Snapshots.ListAsync("r1")).ToList();
        kept.ShouldContain(one => one.Id == pinned.Id);
        var dates = kept.Select(one => DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(one.CreatedAt, Berlin).DateTime))
            .Distinct()
            .ToHashSet();
        // As 2027 begins: every day for a week, Sundays for a month, the last days of twelve months.
        foreach (
            var date in new[]
            {
                "2026-12-31",
                "2026-12-30",
                "2026-12-25",
                "2026-12-20",
                "2026-12-13",
                "2026-12-06",
                "2026-11-30",
                "2026-10-31",
                "2026-02-28",
                "2026-01-31",
            }
        )
        {
            dates.ShouldContain(DateOnly.Parse(date, System.Globalization.CultureInfo.InvariantCulture));
        }

        dates.Count.ShouldBe(7 + 3 + 11 + 1, "days, Sundays beside them, months beside both, the pinned one");
        kept.Count(one => one.CreatedAt > _time.GetUtcNow().AddDays(-2)).ShouldBe(3);

        // A changed policy holds for all that are there.
        var monthsAlone = policy with
        {
            DailyRetention = TimeSpan.Zero,
            WeeklyRetention = TimeSpan.Zero,
        };
        await _metadata.Deployments.SetPolicyAsync(monthsAlone);
        await _round.LookAsync(CancellationToken.None);
        dates = (await _metadata.Snapshots.ListAsync("r1"))
            .Select(one => DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(one.CreatedAt, Berlin).DateTime))
            .ToHashSet();
        dates.Count.ShouldBe(2 + 11 + 1);

        // What is no longer protected stays as it is, however old it becomes.
        await _metadata.Deployments.RemoveAsync("d1");
        var before = await _metadata.Snapshots.ListAsync("r1");
        _time.Now += TimeSpan.FromDays(5000);
        await _round.LookAsync(CancellationToken.None);
        (await _metadata.Snapshots.ListAsync("r1")).ShouldBe(before);
    }

    [Fact]
    public async Task A_snapshot_that_somebody_reads_stays_until_nobody_does()
    {
        var policy = SnapshotPolicy.Default("r1") with { PointInTimeWindow = TimeSpan.Zero };
        await _metadata.Deployments.SetPolicyAsync(policy);
        await RunAsync(days: 1);
        var oldest = (await _metadata.Snapshots.ListAsync("r1"))[^1];
        _time.Now += TimeSpan.FromDays(400);
        await TakeAsync();
        var hold = new ReadHold("h", "r1", "s1", Optime.Zero, oldest.ManifestBlock, _time.Now.AddMinutes(3));
        await _metadata.Holds.SetAsync(hold);
        await _round.LookAsync(CancellationToken.None);
        (await _metadata.Snapshots.FindAsync(oldest.Id)).ShouldNotBeNull();
        _time.Now += TimeSpan.FromMinutes(4);
        await _round.LookAsync(CancellationToken.None);
        (await _metadata.Snapshots.FindAsync(oldest.Id)).ShouldBeNull("the reader died");
    }

    [Fact]
    public async Task A_clock_that_is_a_year_ahead_for_a_round_takes_nothing_with_it()
    {
        await _metadata.Deployments.SetPolicyAsync(SnapshotPolicy.Default("r1"));
        await RunAsync(days: 40);
        await HearAsync();
        await _round.LookAsync(CancellationToken.None);
        var (before, right) = (await _metadata.Snapshots.ListAsync("r1"), _time.Now);
        var set = (await _metadata.Deployments.FindReplicaSetAsync("r1"))!;
        // What a clock that is a day ahead would leave.
        var kept = (
            await new Retention(_metadata, new Clock { Now = right.AddDays(1) }).OfSetAsync(
                set,
                SnapshotPolicy.Default("r1")
            )
        )
            .Where(static one => one.Keeping.IsKept)
            .Select(static one => one.Snapshot)
            .ToList();
        (before.Count - kept.Count).ShouldBeLessThan(6);

        _time.Now += TimeSpan.FromDays(400);
        // The source's clock is another one.
        await HearAsync(right.AddSeconds(30));
        await _round.LookAsync(CancellationToken.None);
        await TakeAsync(right.AddSeconds(30));
        await _round.LookAsync(CancellationToken.None);
        kept.ShouldBeSubsetOf(await _metadata.Snapshots.ListAsync("r1"));

        // By the right one it goes on as if nothing had been.
        _time.Now = right.AddMinutes(1);
        var taken = _taken.Count;
        await HearAsync();
        await RunAsync(days: 2);
        (_taken.Count - taken).ShouldBeGreaterThan(3);
        await HearAsync();
        await _round.LookAsync(CancellationToken.None);
        (await _metadata.Snapshots.ListAsync("r1")).Count.ShouldBeLessThan(before.Count + _taken.Count - taken);
    }

    [Fact]
    public async Task What_is_wrong_with_one_keeps_none_of_the_others()
    {
        var group = await _metadata.Access.EnsureGroupAsync("default");
        var deployment = await _metadata.Deployments.EnsureAsync(
            new Deployment("d2", group.Id, "rs2", "replicaSet", "mongodb://other/", _time.Now)
        );
        await new StoredSource(_metadata, new MemoryObjectStore(), _time).RegisterAsync(
            "r2",
            deployment.Id,
            "rs2",
            "5f0000000000000000000002"
        );
        await _metadata.Deployments.SetStateAsync("r2", ReplicaSetState.Tailing);
        var round = new ScheduleRound(
            FailingPolicies.Of(_metadata, "r1"),
            new OplogRetention(_metadata, new MemoryBlockStore(), new MemoryObjectStore(), _time),
            TimeSpan.FromDays(1),
            _time,
            NullLogger.Instance
        );
        await round.LookAsync(CancellationToken.None);
        (await _metadata.Jobs.ListAsync(10)).Select(job => job.ReplicaSetId).ShouldBe(["r2"]);
    }

    /// <summary>Round after round, an hour apart; what is queued is taken at once.</summary>
    private async Task RunAsync(int days)
    {
        for (var end = _time.Now.AddDays(days); _time.Now < end; _time.Now += TimeSpan.FromHours(1))
        {
            // Far from due times there is nothing to see: some rounds are left out, so that a year takes seconds.
            if (_time.Now.Hour % 12 is not (0 or 1 or 6))
            {
                continue;
            }

            await _round.LookAsync(CancellationToken.None);
            if (await _metadata.Jobs.TakeAsync([JobKinds.Snapshot], "me", TimeSpan.FromHours(1)) is { } job)
            {
                await TakeAsync();
                await _metadata.Jobs.SucceedAsync(job.Id, "me", "{}");
            }
        }
    }

    /// <summary>What the source says of itself: by its own clock.</summary>
    private Task HearAsync(DateTimeOffset? at = null) =>
        _metadata.Deployments.SetSourceOptimeAsync("r1", At(at ?? _time.Now));

    private static Optime At(DateTimeOffset time) => new((uint)time.ToUnixTimeSeconds(), 1);

    private async Task TakeAsync(DateTimeOffset? of = null)
    {
        _taken.Add(_time.Now);
        await _metadata.Snapshots.AddAsync(
            new SnapshotRecord(
                $"{_taken.Count:D4}",
                "r1",
                At(of ?? _time.Now),
                _taken.Count.ToString("x64"),
                1,
                1,
                1,
                1,
                1,
                SnapshotArguments.Policy,
                _time.Now,
                ExpiresAt: null
            )
        );
    }

    /// <summary>A catalogue whose policies cannot be read of one replica set.</summary>
    public class FailingPolicies : DispatchProxy
    {
        private object _target = null!;
        private object? _deployments;
        private string _subject = "";

        internal static IMetadataStore Of(IMetadataStore metadata, string subject) =>
            Make<IMetadataStore>(metadata, Make<IDeployments>(metadata.Deployments, null, subject), subject);

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            _deployments is not null && targetMethod!.Name == "get_Deployments" ? _deployments
            : targetMethod!.Name == nameof(IDeployments.PolicyAsync) && Equals(args![0], _subject)
                ? throw new InvalidOperationException("unreadable")
            : targetMethod.Invoke(_target, args);

        private static T Make<T>(T target, object? deployments, string subject)
            where T : class
        {
            var proxy = Create<T, FailingPolicies>();
            var made = (FailingPolicies)(object)proxy;
            (made._target, made._deployments, made._subject) = (target, deployments, subject);
            return proxy;
        }
    }

    private sealed class Clock : TimeProvider
    {
        internal DateTimeOffset Now { get; set; } = new(2026, 1, 1, 1, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}

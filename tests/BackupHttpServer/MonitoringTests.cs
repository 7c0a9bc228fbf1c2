using Backup.BackupHttpServer;
using Backup.BackupHttpServer.Measuring;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Backup.Metadata.Sqlite;
using Backup.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Backup.Tests.BackupHttpServer;

/// <summary>From a sample a minute to spans of a year, and to what happened to members.</summary>
public sealed class MonitoringTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly ManualTime _time = new();
    private SqliteMetadataStore _store = null!;
    private SpanRoller _roller = null!;
    private long _inserts;
    private long _up = 100_000;

    public async Task InitializeAsync()
    {
        _store = await SqliteMetadataStore.OpenAsync(_folder.File("metadata.db"), _time);
        var group = await _store.Access.EnsureGroupAsync("default");
        await _store.Deployments.EnsureAsync(
            new Deployment("d", group.Id, "rs0", DeploymentTypes.ReplicaSet, "mongodb://a/", _time.GetUtcNow())
        );
        _roller = new SpanRoller(_store, _time, NullLogger.Instance);
        // Spans begin at whole hours.
        var begin = DateTimeOffset.FromUnixTimeSeconds((_time.GetUtcNow().ToUnixTimeSeconds() / 3600 + 1) * 3600);
        _time.Advance(begin - _time.GetUtcNow());
    }

    public async Task DisposeAsync()
    {
        await _roller.DisposeAsync();
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Gauges_are_averaged_with_least_and_most_and_counters_become_rates()
    {
        for (var minute = 0; minute < 10; minute++)
        {
            await TellAsync(connections: minute, inserts: 60 * (minute + 1));
        }

        await RoundAsync(later: 1);
        var spans = await SpansAsync(5);
        spans.Select(static one => one.Samples).ShouldBe([5, 5]);
        var host = spans[1].Hosts.ShouldHaveSingleItem();
        host.Connections.ShouldBe(new SpanValue(7, 5, 9, 5));
        // The first of the second span rose since the last of the first.
        host.Operations["insert"].ShouldBe(new SpanValue(8, 6, 10, 5));
        spans[0].Hosts[0].Operations["insert"].Count.ShouldBe(4, "of the very first sample no rise is known");
        spans[1].Members[0].ShouldBe(new MemberSpan("a:1", "PRIMARY", 0, new SpanValue(0, 0, 0, 5)));
        spans[1].OplogWindow.ShouldBe(new SpanValue(3600, 3600, 3600, 5));
    }

    [Fact]
    public async Task A_counter_that_began_anew_is_a_restart_and_no_rate()
    {
        await TellAsync(inserts: 6000);
        await TellAsync(inserts: 60);
        _up = 10;
        _inserts = 0;
        await TellAsync(inserts: 5);
        await TellAsync(inserts: 60);
        await TellAsync(inserts: 60);
        await RoundAsync(later: 1);
        var host = (await SpansAsync(5)).ShouldHaveSingleItem().Hosts[0];
        (host.Restarts, host.Operations["insert"]).ShouldBe((1, new SpanValue(1, 1, 1, 3)));
        (await EventsAsync()).ShouldHaveSingleItem().Kind.ShouldBe(HostEventKind.Restarted);
    }

    [Fact]
    public async Task Hours_are_made_of_spans_and_a_round_after_a_crash_makes_what_is_missing()
    {
        for (var minute = 0; minute < 61; minute++)
        {
            await TellAsync(connections: minute, inserts: 60);
        }

        _time.Advance(TimeSpan.FromMinutes(1));
        // The hour is due once its parts are made: all of it in one round.
        (await RoundAsync()).ShouldBe(13);
        var hour = (await SpansAsync(60)).ShouldHaveSingleItem();
        (hour.Samples, hour.Seconds).ShouldBe((60, 3600));
        hour.Hosts[0].Connections.ShouldBe(new SpanValue(29.5, 0, 59, 60));
        hour.Hosts[0].Operations["insert"].Average.ShouldBe(1, 1e-9);
        (await RoundAsync()).ShouldBe(0, "nothing is made twice");
    }

    [Fact]
    public async Task What_comes_late_makes_its_spans_anew()
    {
        var begin = _time.GetUtcNow();
        for (var minute = 0; minute < 65; minute++)
        {
            await TellAsync(connections: 10);
        }

        await RoundAsync();
        // It took the place of that minute's.
        await Monitoring.AddAsync(_store, "d", Sample(connections: 70, begin.AddMinutes(3)), begin.AddMinutes(3));
        (await RoundAsync()).ShouldBe(2);
        (await SpansAsync(5))[0].Hosts[0].Connections.ShouldBe(new SpanValue(22, 10, 70, 5));
        (await SpansAsync(60))[0].Hosts[0].Connections!.Most.ShouldBe(70);
    }

    [Fact]
    public async Task What_comes_while_a_span_is_made_is_not_lost()
    {
        await TellAsync(connections: 1);
        _time.Advance(TimeSpan.FromMinutes(10));
        var due = (await _store.Monitoring.DueAsync(_time.GetUtcNow(), 10)).ShouldHaveSingleItem();
        await Monitoring.AddAsync(_store, "d", Sample(connections: 3, due.From.AddMinutes(2)), due.From.AddMinutes(2));
        await _store.Monitoring.RollAsync(due, null, Monitoring.KeepShort, 60);
        (await RoundAsync()).ShouldBeGreaterThanOrEqualTo(1);
        (await SpansAsync(5))[0].Hosts[0].Connections.ShouldBe(new SpanValue(2, 1, 3, 2));
    }

    [Fact]
    public async Task What_is_damaged_keeps_no_other_from_being_made()
    {
        var at = _time.GetUtcNow();
        await _store.Monitoring.AddAsync(new MonitoringRecord("d", at, [1, 2, 3], 7), Monitoring.Keep);
        _time.Advance(TimeSpan.FromMinutes(10));
        await _store.Monitoring.AddAsync(
            MonitoringContent.Write("d", _time.GetUtcNow(), Sample(connections: 4, _time.GetUtcNow())),
            Monitoring.Keep
        );
        _time.Advance(TimeSpan.FromMinutes(10));
        await RoundAsync();
        (await SpansAsync(5)).ShouldHaveSingleItem().Hosts[0].Connections!.Average.ShouldBe(4);
        (await RoundAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task However_long_it_runs_there_are_so_many_of_each()
    {
        var begin = _time.GetUtcNow();
        for (var day = 0; day < 20; day++)
        {
            for (var ten = 0; ten < 144; ten++)
            {
                await Monitoring.AddAsync(_store, "d", Sample(1, _time.GetUtcNow()), _time.GetUtcNow());
                _time.Advance(TimeSpan.FromMinutes(10));
            }

            await RoundAsync();
        }

        (await _store.Monitoring.ListAsync("d", begin)).Count.ShouldBe(2 * 144);
        (await SpansAsync(5)).Count.ShouldBeInRange((14 * 144) - 1, 14 * 144);
        (await SpansAsync(60)).Count.ShouldBeInRange((20 * 24) - 1, 20 * 24);
    }

    [Theory]
    [InlineData(1, 60, 60)]
    [InlineData(24, 60, 60)]
    [InlineData(24 * 10, 200, 200)]
    [InlineData(24 * 300, 50, 2)]
    public async Task A_range_is_read_in_the_grain_that_is_kept_so_far_back_up_to_now(int hours, int points, int most)
    {
        for (var ten = 0; ten < 144 * 10; ten++)
        {
            await Monitoring.AddAsync(_store, "d", Sample(ten, _time.GetUtcNow()), _time.GetUtcNow());
            _time.Advance(TimeSpan.FromMinutes(10));
            if (ten % 144 == 0)
            {
                await RoundAsync();
            }
        }

        var now = _time.GetUtcNow();
        var spans = await Monitoring.HistoryAsync(_store, "d", now.AddHours(-hours), now, points);
        spans.Count.ShouldBeLessThanOrEqualTo(points + 1);
        spans.Count.ShouldBeGreaterThanOrEqualTo((Math.Min(most, hours * 6) * 9 / 10) - 1);
        spans.Select(static one => one.From).ShouldBeUnique();
        spans.Select(static one => one.From).ShouldBeInOrder();
        spans[^1].Hosts[0].Connections!.Most.ShouldBe((144 * 10) - 1, "what is not summed up yet is there too");
        spans
            .Sum(static one => one.Samples)
            .ShouldBeInRange(Math.Min(hours * 6, 1440) - 6, Math.Min(hours * 6, 1440) + 6, "each is counted once");
    }

    [Fact]
    public async Task Elections_roles_members_that_are_down_and_releases_are_events()
    {
        await TellAsync();
        await SayAsync(("a:1", "SECONDARY", true), ("b:1", "PRIMARY", true), term: 2);
        await SayAsync(("a:1", "RECOVERING", true), ("b:1", "PRIMARY", true), term: 2);
        await SayAsync(("a:1", "(not reachable/healthy)", false), ("b:1", "SECONDARY", true), term: 2);
        await SayAsync(("a:1", "SECONDARY", true), ("b:1", "PRIMARY", true), term: 3);
        await SayAsync(("a:1", "SECONDARY", true), ("b:1", "PRIMARY", true), term: 4);
        await SayAsync(("b:1", "PRIMARY", true), ("c:1", "STARTUP2", true), term: 4, version: "4.4.0");
        await SayAsync(("b:1", "PRIMARY", true), ("c:1", "STARTUP2", true), term: 4, version: "4.4.0");

        (await EventsAsync())
            .Reverse()
            .Select(static one => $"{one.Kind} {one.Host} {one.Before}>{one.Now}")
            .ShouldBe([
                "BecamePrimary b:1 a:1>b:1",
                "Role a:1 PRIMARY>SECONDARY",
                "Added b:1 >PRIMARY",
                "Role a:1 SECONDARY>RECOVERING",
                "NoPrimary b:1 b:1>",
                "Down a:1 RECOVERING>(not reachable/healthy)",
                "Role b:1 PRIMARY>SECONDARY",
                "BecamePrimary b:1 >b:1",
                "Up a:1 (not reachable/healthy)>SECONDARY",
                "Elected b:1 3>4",
                "Added c:1 >STARTUP2",
                "Removed a:1 SECONDARY>",
                "Version a:1 4.2.4>4.4.0",
            ]);
    }

    /// <param name="later">Minutes that pass before.</param>
    private Task<int> RoundAsync(int later = 0)
    {
        _time.Advance(TimeSpan.FromMinutes(later));
        return _roller.RoundAsync(CancellationToken.None);
    }

    private Task<IReadOnlyList<HostEventRecord>> EventsAsync() =>
        _store.Monitoring.EventsAsync(
            "d",
            DateTimeOffset.UnixEpoch,
            _time.GetUtcNow().AddDays(1),
            IMonitoring.MostEvents
        );

    private async Task<List<MonitoringSpan>> SpansAsync(int minutes) =>
        [
            .. (await _store.Monitoring.SpansAsync("d", minutes, DateTimeOffset.UnixEpoch, _time.GetUtcNow())).Select(
                MonitoringContent.ReadSpan
            ),
        ];

    /// <summary>A sample of now; a minute passes.</summary>
    private async Task TellAsync(long connections = 1, long inserts = 0)
    {
        _inserts += inserts;
        await Monitoring.AddAsync(_store, "d", Sample(connections, _time.GetUtcNow()), _time.GetUtcNow());
        _time.Advance(TimeSpan.FromMinutes(1));
        _up += 60;
    }

    private async Task SayAsync(
        (string Name, string State, bool Healthy) one,
        (string Name, string State, bool Healthy) other,
        long term,
        string version = "4.2.4"
    )
    {
        var now = _time.GetUtcNow();
        var sample = Sample(1, now, version) with
        {
            Members =
            [
                .. new[] { one, other }.Select(each => new MemberSample(
                    each.Name,
                    each.State,
                    each.Healthy,
                    new WireOptime(100, 1, term),
                    0
                )),
            ],
        };
        await Monitoring.AddAsync(_store, "d", sample, now);
        _time.Advance(TimeSpan.FromMinutes(1));
    }

    private MonitoringSample Sample(long connections, DateTimeOffset at, string version = "4.2.4") =>
        new(
            at,
            [
                new HostSample(
                    "a:1",
                    version,
                    _up,
                    connections,
                    100,
                    new Dictionary<string, long> { ["insert"] = _inserts },
                    10,
                    20,
                    30,
                    40,
                    50
                ),
            ],
            [new MemberSample("a:1", "PRIMARY", true, new WireOptime(100, 1, 1), 0)],
            [new DatabaseSample("shop", 1, 2, 3, 4, 5)],
            0,
            new OplogSample(new WireOptime(1, 1, 1), new WireOptime(3601, 1, 1), 3600)
        );
}

using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.Metadata.Alerting;
using Backup.Metadata.Mongo;
using Backup.Metadata.People;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata.Mongo;

/// <summary>What people, agents and alerts do in several processes at the same time is done once, and nothing of it is lost.</summary>
public abstract class MongoSharingTests(MongoServer server) : IAsyncLifetime
{
    private readonly ManualTime _time = new();

    /// <summary>Of this test alone.</summary>
    private readonly string _database = $"t{Guid.NewGuid():N}";

    private MongoMetadataStore _one = null!;
    private MongoMetadataStore _other = null!;

    public async Task InitializeAsync()
    {
        _one = await server.OpenAsync(_time, _database);
        _other = await server.OpenAsync(_time, _database);
    }

    public async Task DisposeAsync()
    {
        await _one.DisposeAsync();
        await _other.DisposeAsync();
        await server.RunAsync(_database, """{"dropDatabase":1}""");
    }

    [Fact]
    public async Task Of_those_who_set_the_appliance_up_one_is_the_first()
    {
        var group = await _one.Access.EnsureGroupAsync("g");
        await _one.People.Users.SetSetupTokenAsync([1, 2, 3]);
        var numbers = await FailuresAsync(
            6,
            (store, n) => store.People.Users.AddFirstAsync(NewUser($"u{n}"), group.Id, [1, 2, 3])
        );
        numbers.Count(static number => number == 0).ShouldBe(1);
        numbers.Where(static number => number != 0).ShouldAllBe(number => number == MetadataErrors.NoSetup().Number);
        (await _other.People.Users.ListAsync()).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Two_who_disable_each_other_leave_one_who_administrates()
    {
        for (var round = 0; round < 5; round++)
        {
            var (a, b) = ($"a{round}", $"b{round}");
            await _one.People.Users.AddAsync(NewUser(a));
            await _one.People.Users.AddAsync(NewUser(b));
            foreach (var before in (await _one.People.Users.ListAsync()).Where(one => one.Id != a && one.Id != b))
            {
                await _one.People.Users.SetAdministratorAsync(before.Id, administrator: false);
            }

            var numbers = await FailuresAsync(
                2,
                (store, n) => store.People.Users.SetDisabledAsync(n == 0 ? a : b, _time.GetUtcNow())
            );
            numbers.Order().ToArray().ShouldBe([0, MetadataErrors.NoAdministratorLeft().Number], $"round {round}");
        }
    }

    [Fact]
    public async Task Of_an_address_there_is_one_user_however_it_is_written()
    {
        var numbers = await FailuresAsync(
            6,
            (store, n) =>
                store.People.Users.AddAsync(
                    NewUser($"u{n}") with
                    {
                        Email = n % 2 == 0 ? "Ops@Example.org" : "ops@example.ORG ",
                    }
                )
        );
        numbers.Count(static number => number == 0).ShouldBe(1);
    }

    [Fact]
    public async Task Tries_to_log_in_are_all_counted()
    {
        await _one.People.Users.AddAsync(NewUser("u"));
        var rule = new LockOutRule(8, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(15));
        var waits = await Task.WhenAll(
            Enumerable.Range(0, 14).Select(n => Store(n).People.Users.BeginTryAsync("u", rule, _time.GetUtcNow()))
        );
        waits.Count(static wait => wait is null).ShouldBe(8);
        (await _other.People.Users.FindAsync("u"))!.FailedTries.ShouldBe(8);
    }

    [Fact]
    public async Task A_link_is_good_for_its_uses_and_no_more()
    {
        var now = _time.GetUtcNow();
        var source = new LinkSource(LinkSource.ReplicaSet, "s", "rs0", "snapshot", null, [], "archive", false);
        await _one.Links.AddAsync(new DownloadLink("l", [1], source, "rs0.archive", now, now.AddDays(1), 5, false));
        var verdicts = await Task.WhenAll(
            Enumerable.Range(0, 14).Select(n => Store(n).Links.BeginAsync("l", isPart: false, now))
        );
        verdicts.Count(static verdict => verdict == LinkVerdict.Begun).ShouldBe(5);
        verdicts.Count(static verdict => verdict == LinkVerdict.UsedUp).ShouldBe(9);
        await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Store(n).Links.FinishAsync("l")));
        var link = (await _other.Links.FindAsync("l"))!;
        (link.Begun, link.Finished).ShouldBe((5, 5));
    }

    [Fact]
    public async Task A_request_is_handed_out_once()
    {
        var deployment = await DeploymentAsync();
        for (var round = 0; round < 3; round++)
        {
            var now = _time.GetUtcNow();
            await _one.HostRequests.AskAsync(new HostRequestRecord(deployment.Id, $"r{round}", "{}", now));
            var taken = await Task.WhenAll(
                Enumerable.Range(0, 8).Select(n => Store(n).HostRequests.TakeAsync(deployment.Id, now))
            );
            taken.OfType<HostRequestRecord>().ShouldHaveSingleItem().Id.ShouldBe($"r{round}");
        }
    }

    [Fact]
    public async Task Whatever_is_stored_in_a_span_makes_it_due()
    {
        var deployment = await DeploymentAsync();
        var begin = DateTimeOffset.FromUnixTimeSeconds(1_700_000_100);
        await Task.WhenAll(
            Enumerable
                .Range(0, 15)
                .Select(n =>
                    Store(n)
                        .Monitoring.AddAsync(
                            new MonitoringRecord(deployment.Id, begin.AddMinutes(n % 5), [(byte)n], 1),
                            TimeSpan.FromHours(1)
                        )
                )
        );
        var due = (await _one.Monitoring.DueAsync(begin.AddHours(1), 10)).ShouldHaveSingleItem();
        due.ShouldBe(new DueSpan(deployment.Id, 5, begin, 15));
        (await _other.Monitoring.ListAsync(deployment.Id, begin)).Count.ShouldBe(5);
    }

    [Fact]
    public async Task What_many_see_is_one_alert_that_one_tells_of_and_one_delivers()
    {
        var raise = new AlertRaise("late", "subject", "BK8801", "It is late.", "Wait.");
        var opened = await Task.WhenAll(Enumerable.Range(0, 8).Select(n => Store(n).Alerts.RaiseAsync(raise)));
        opened.Count(static one => one).ShouldBe(1);
        var alert = (await _other.Alerts.DueAsync(10)).ShouldHaveSingleItem();

        var group = await _one.Access.EnsureGroupAsync("g");
        var now = _time.GetUtcNow();
        await _one.AlertChannels.AddAsync(
            new ChannelRecord(
                "c",
                group.Id,
                "ops",
                ChannelKinds.Mail,
                "{}",
                null,
                AlertSeverity.Info,
                [],
                [],
                true,
                true,
                now
            )
        );
        var notice = new Notice(alert.Id, NoticeKind.Opened, alert.Notices, now.AddHours(1));
        var told = await Task.WhenAll(
            Enumerable
                .Range(0, 8)
                .Select(n =>
                    Store(n)
                        .Alerts.TellAsync(
                            [notice],
                            [new DeliveryRecord($"d{n}", "c", [new DeliveredAlert(alert.Id, notice.Kind)], now, now)]
                        )
                )
        );
        told.Count(static one => one).ShouldBe(1);

        var taken = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(n => Store(n).AlertChannels.TakeAsync($"o{n}", TimeSpan.FromMinutes(1)))
        );
        taken.OfType<DeliveryRecord>().ShouldHaveSingleItem().Attempts.ShouldBe(1);
        var watch = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(n => Store(n).Alerts.TakeWatchAsync($"o{n}", TimeSpan.FromMinutes(1)))
        );
        watch.Count(static one => one).ShouldBe(1);
    }

    [Fact]
    public async Task Records_of_the_audit_have_each_a_number_and_none_is_lost()
    {
        var now = _time.GetUtcNow();
        await Task.WhenAll(
            Enumerable
                .Range(0, 20)
                .Select(n =>
                    Store(n).Audit.AddAsync(new AuditRecord(now, "host", "local", "test.add", $"{n}", AuditOutcomes.Ok))
                )
        );
        var found = await _one.Audit.FindAsync(new AuditQuery(null, 100));
        found.Select(static one => one.Ordinal).ShouldBeUnique();
        found
            .Select(static one => one.Subject)
            .ShouldBe(Enumerable.Range(0, 20).Select(static n => $"{n}"), ignoreOrder: true);
    }

    /// <summary>The processes in turn.</summary>
    private MongoMetadataStore Store(int n) => n % 2 == 0 ? _one : _other;

    /// <returns>Of each try the number of its error; 0 where it went well.</returns>
    private Task<int[]> FailuresAsync(int tries, Func<MongoMetadataStore, int, Task> work) =>
        Task.WhenAll(
            Enumerable
                .Range(0, tries)
                .Select(async n =>
                {
                    try
                    {
                        await work(Store(n), n);
                        return 0;
                    }
                    catch (BackupException refused)
                    {
                        return refused.Number;
                    }
                })
        );

    private UserRecord NewUser(string id) => new(id, $"{id}@example.org", id, "hash", true, _time.GetUtcNow());

    private async Task<Deployment> DeploymentAsync()
    {
        var group = await _one.Access.EnsureGroupAsync("g");
        return await _one.Deployments.EnsureAsync(
            new Deployment("d", group.Id, "orders", "replicaSet", "mongodb://h", _time.GetUtcNow())
        );
    }
}

[Collection(RealServerTests.Name)]
public sealed class RealMongoSharingTests(RealServer server) : MongoSharingTests(server);

[Collection(SandboxServerTests.Name)]
public sealed class SandboxMongoSharingTests(SandboxServer server) : MongoSharingTests(server);

using Backup.AlertService.Conditions;
using Backup.AlertService.Watch;
using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Backup.Metadata.Alerting;
using Shouldly;
using Xunit;
using static Backup.Tests.AlertService.FactsScene;

namespace Backup.Tests.AlertService;

/// <summary>What each condition measures, of a deployment that is all right but for one thing.</summary>
public sealed class ProbesTests
{
    [Fact]
    public void Every_condition_that_is_looked_at_is_looked_at_by_one_probe()
    {
        var looked = Probes.All.SelectMany(static one => one.Conditions).ToList();
        looked.ShouldBeUnique();
        looked
            .Order()
            .ShouldBe(AlertConditions.All.Where(static one => !one.IsTold).Select(static one => one.Name).Order());
    }

    [Fact]
    public void Of_what_is_all_right_nothing_is_an_alert()
    {
        var verdict = new Evaluator().Judge(
            [.. Probes.All.SelectMany(static one => one.Look(Fine))],
            [],
            new RuleBook([]),
            new HashSet<string>(),
            Now
        );
        verdict.Raised.ShouldBeEmpty();
    }

    [Fact]
    public void An_agent_is_down_since_it_was_last_heard_of()
    {
        var silent = Fine with { Agents = [Agent with { LastSeenAt = Now.AddMinutes(-16) }] };
        var found = Look(silent, AlertConditions.AgentDown).ShouldHaveSingleItem();
        (found.Value, found.Subject, found.SubjectName, found.DeploymentId).ShouldBe((16 * 60, "a", "db1", "d"));
        found.Say().Cause.Message.ShouldContain("2026-01-02 11:44:00 UTC");
        Look(silent with { Reports = [] }, AlertConditions.AgentDown).ShouldBeEmpty("it works on nothing");
        var listening = silent with { Since = Now.AddSeconds(-20) };
        Look(listening, AlertConditions.AgentDown).ShouldHaveSingleItem().Value.ShouldBe(20, "before, nobody listened");
    }

    [Fact]
    public void A_mass_change_names_the_last_clean_second_and_how_it_is_restored()
    {
        var found = Look(
                Fine with
                {
                    Bursts = [Burst],
                    Link = new Uri("https://backup.example.org/"),
                },
                MassChange.Condition
            )
            .ShouldHaveSingleItem();
        (found.Value, found.Subject, found.SubjectName, found.DeploymentId).ShouldBe(
            (60, "b1", "orders shop.orders", "d")
        );
        var words = found.Say();
        words.Cause.Code.ShouldBe("BK8844");
        words.Cause.Message.ShouldBe(
            "orders: about 12,000 documents of shop.orders were deleted from 2026-01-02 11:00:00 UTC to 2026-01-02 11:01:00 UTC. "
                + "That is up to 12,000 in a minute, where up to 200 are usual."
        );
        words.Consequence.ShouldStartWith("The last clean second is 2026-01-02 10:59:59 UTC.");
        words.Cause.Hint.ShouldContain(
            "backup restore rs0 --time 2026-01-02T11:00:00Z --namespace shop.orders --output before-20260102T110000Z.archive"
        );
        words.Cause.Hint.ShouldContain(
            "https://backup.example.org/d/d/restore?time=2026-01-02T11%3A00%3A00Z&namespace=shop.orders"
        );
    }

    [Theory]
    [InlineData("shop.*", "--namespace shop ")]
    [InlineData("shop.x; rm -rf ~", "--namespace 'shop.x; rm -rf ~' ")]
    [InlineData("shop.it's", "--namespace 'shop.it'\\''s' ")]
    public void What_a_shell_would_read_is_quoted(string ns, string expected) =>
        Look(Fine with { Bursts = [Burst with { Namespace = ns }] }, MassChange.Condition)
            .ShouldHaveSingleItem()
            .Say()
            .Cause.Hint.ShouldContain(expected);

    [Fact]
    public void Of_a_name_that_would_write_into_a_terminal_no_command_is_made() =>
        Look(Fine with { Bursts = [Burst with { Namespace = "shop.\u001b[2J\nx" }] }, MassChange.Condition)
            .ShouldHaveSingleItem()
            .Say()
            .Cause.Hint.ShouldNotContain("--namespace");

    [Fact]
    public void Where_nothing_before_it_is_held_no_restore_is_promised()
    {
        var words = Look(Fine with { Bursts = [Burst with { HeldSets = 0 }] }, MassChange.Condition)
            .ShouldHaveSingleItem()
            .Say();
        words.Consequence.ShouldBe("No moment before it is kept.");
        words.Cause.Hint.ShouldNotContain("--time");
    }

    [Fact]
    public void An_agent_of_another_release_is_outdated() =>
        Look(Fine with { Agents = [Agent with { Version = "0.9" }] }, AlertConditions.AgentOutdated)
            .ShouldHaveSingleItem()
            .Value.ShouldBe(1);

    [Theory]
    [InlineData("BK7007", 1, 0)]
    [InlineData("BK7010", 0, 1)]
    [InlineData("BK7011", 0, 1)]
    [InlineData(null, 0, 0)]
    public void What_an_agent_says_is_a_trouble_or_wants_a_resync(string? code, double trouble, double resync)
    {
        var facts = Fine with
        {
            Reports =
            [
                Report with
                {
                    Code = code,
                    Message = "Something is wrong.",
                    Hint = "Do this.",
                },
                Report with
                {
                    At = Now.AddMinutes(-9),
                    Code = "BK7003",
                },
            ],
        };
        Look(facts, AlertConditions.SourceTrouble).ShouldHaveSingleItem().Value.ShouldBe(trouble);
        var found = Look(facts, AlertConditions.ResyncRequired).ShouldHaveSingleItem();
        found.Value.ShouldBe(resync);
        if (code is not null)
        {
            found.Say().Cause.Code.ShouldBe(code);
        }
    }

    [Fact]
    public void The_oplog_is_behind_by_what_is_missing_and_by_silence()
    {
        var missing = Set with { Stored = OptimeAt(Now.AddMinutes(-20)) };
        Behind(missing).ShouldBe(20 * 60);
        Behind(missing with { Record = Set.Record with { SourceSeenAt = Now.AddMinutes(-5) } }).ShouldBe(25 * 60);
        Behind(missing with { Record = Set.Record with { SourceSeenAt = Now.AddSeconds(-20) } }).ShouldBe(20 * 60);
        Look(Fine with { Sets = [Set with { Stored = null }] }, AlertConditions.OplogBehind).ShouldBeEmpty();

        static double Behind(SetFacts set) =>
            Look(Fine with { Sets = [set] }, AlertConditions.OplogBehind).ShouldHaveSingleItem().Value;
    }

    [Fact]
    public void The_window_has_to_span_twice_of_what_is_missing()
    {
        Look(Fine, AlertConditions.OplogWindow).ShouldHaveSingleItem().AtLeast.ShouldBeNull();
        var behind = Set with { Stored = OptimeAt(Now.AddHours(-13)) };
        var found = Look(Fine with { Sets = [behind] }, AlertConditions.OplogWindow).ShouldHaveSingleItem();
        (found.Value, found.AtLeast).ShouldBe((24 * 3600, AlertSeverity.Critical));
        var young = Sample with { Rolls = false };
        Look(Fine with { Samples = [young] }, AlertConditions.OplogWindow).ShouldBeEmpty("it has not been full yet");
        var old = Sample with { At = Now.AddMinutes(-6) };
        Look(Fine with { Samples = [old] }, AlertConditions.OplogWindow)
            .ShouldHaveSingleItem()
            .Value.ShouldBe(double.NaN, "it says nothing of now");
    }

    [Fact]
    public void A_hole_is_told_while_it_is_in_the_window()
    {
        var hole = new OplogHole("s", OptimeAt(Now.AddHours(-2)), Optime.Zero, "Lost.", Now);
        Holes(hole).ShouldBe((1, AlertSeverity.Critical));
        Holes(hole with { To = OptimeAt(Now.AddHours(-1)) }).ShouldBe((1, AlertSeverity.Warning));
        Holes(hole with { Namespace = "shop.orders" }).ShouldBe((1, AlertSeverity.Warning));
        Holes(hole with { To = OptimeAt(Now.AddHours(-25)) }).Value.ShouldBe(0);
        Holes(hole with { Kind = HoleKind.HeadStopped }).Value.ShouldBe(0, "that is told by the head");

        static (double Value, AlertSeverity? AtLeast) Holes(OplogHole hole)
        {
            var found = Look(Fine with { Sets = [Set with { Holes = [hole] }] }, AlertConditions.OplogHole)
                .ShouldHaveSingleItem();
            return (found.Value, found.AtLeast);
        }
    }

    [Fact]
    public void A_head_is_stopped_with_its_own_number()
    {
        var record = Set.Record with
        {
            State = ReplicaSetState.Stopped,
            StopCode = "BK3007",
            StopMessage = "An entry is not understood.",
            StopHint = "Resync.",
        };
        var found = Look(Fine with { Sets = [Set with { Record = record }] }, AlertConditions.HeadStopped)
            .ShouldHaveSingleItem();
        found.Value.ShouldBe(1);
        found.Say().Cause.Code.ShouldBe("BK3007");
    }

    [Fact]
    public void A_head_is_behind_what_is_stored()
    {
        var head = Set.Head! with { Optime = OptimeAt(Now.AddMinutes(-61)) };
        Look(Fine with { Sets = [Set with { Head = head }] }, AlertConditions.HeadBehind)
            .ShouldHaveSingleItem()
            .Value.ShouldBe(61 * 60);
        Look(Fine with { Sets = [Set with { Head = head with { Consistent = false } }] }, AlertConditions.HeadBehind)
            .ShouldBeEmpty("its initial sync is not over");
    }

    [Fact]
    public void A_snapshot_is_late_by_the_interval_of_its_policy()
    {
        Late(Set with { Newest = Snapshot(Now.AddHours(-9)) }).ShouldBe(1.5);
        Late(Set with { Newest = null }).ShouldBe(30 * 4);
        var hourly = Set.Policy with { Interval = TimeSpan.FromHours(1) };
        Late(Set with { Newest = Snapshot(Now.AddHours(-9)), Policy = hourly }).ShouldBe(9);
        Look(Fine with { Sets = [Set with { Head = null }] }, AlertConditions.SnapshotLate).ShouldBeEmpty();

        static double Late(SetFacts set) =>
            Look(Fine with { Sets = [set] }, AlertConditions.SnapshotLate).ShouldHaveSingleItem().Value;
    }

    [Fact]
    public void A_clusters_snapshot_is_late_as_a_whole()
    {
        var cluster = FactsScene.Deployment with { Id = "k", Type = DeploymentTypes.ShardedCluster };
        var shard = Set with { Deployment = FactsScene.Deployment with { Cluster = new ClusterMembership("k", "s1") } };
        var facts = Fine with
        {
            Deployments = [cluster, shard.Deployment],
            Sets = [shard],
            Clusters = [new ClusterFacts(cluster, SnapshotPolicy.Default("k"), null)],
        };
        var found = Look(facts, AlertConditions.SnapshotLate).ShouldHaveSingleItem();
        (found.Subject, found.Value).ShouldBe(("k", 120));
        Look(facts with { Sets = [shard with { Head = null }] }, AlertConditions.SnapshotLate).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(false, null, 0, 0)]
    [InlineData(true, null, 0, 1)]
    [InlineData(true, CutState.Wanted, 0, 1)]
    [InlineData(true, CutState.Stopping, 0, 0)]
    [InlineData(true, CutState.Marking, 14, 0)]
    [InlineData(true, CutState.Marking, 15, 1)]
    [InlineData(true, CutState.Settled, 0, 1)]
    public void A_balancer_is_left_off_where_no_cut_keeps_it_at_rest_or_nobody_works_on_that_cut(
        bool isOwed,
        CutState? cut,
        int silentSeconds,
        double value
    )
    {
        var cluster = FactsScene.Deployment with { Id = "k", Type = DeploymentTypes.ShardedCluster };
        var facts = Fine with
        {
            Clusters =
            [
                new ClusterFacts(cluster, SnapshotPolicy.Default("k"), null)
                {
                    Debt = isOwed ? new BalancerDebt("c", Now.AddMinutes(-3)) : null,
                    Cut = cut,
                },
            ],
            Reports = [Report, Report with { DeploymentId = "k", At = Now.AddSeconds(-silentSeconds) }],
        };
        var found = Look(facts, AlertConditions.BalancerLeftOff).ShouldHaveSingleItem();
        (found.Subject, found.Value).ShouldBe(("k", value));
    }

    [Theory]
    [InlineData(JobState.Failed, 1)]
    [InlineData(JobState.Succeeded, 0)]
    public void The_newest_verification_counts(JobState newest, double value)
    {
        var old = Job("verify", JobState.Failed) with { FinishedAt = Now.AddHours(-1) };
        Look(Fine with { Jobs = [Job("verify", newest), old] }, AlertConditions.VerificationFailed)
            .ShouldHaveSingleItem()
            .Value.ShouldBe(value);
    }

    [Fact]
    public void A_cluster_is_verified_as_a_whole()
    {
        var cluster = FactsScene.Deployment with { Id = "k", Type = DeploymentTypes.ShardedCluster, Name = "shop" };
        var facts = Fine with
        {
            Clusters = [new ClusterFacts(cluster, SnapshotPolicy.Default("k"), null)],
            Jobs = [Job("verify", JobState.Failed) with { ReplicaSetId = "k" }],
        };
        var found = Look(facts, AlertConditions.VerificationFailed).ShouldHaveSingleItem();
        (found.Subject, found.DeploymentId, found.SubjectName, found.Value).ShouldBe(("k", "k", "shop", 1));
    }

    [Fact]
    public void A_task_is_counted_while_it_goes_on()
    {
        Look(Fine with { Jobs = [Job("snapshot", JobState.Queued, 4)] }, AlertConditions.JobRetried)
            .ShouldHaveSingleItem()
            .Value.ShouldBe(4);
        Look(Fine with { Jobs = [Job("snapshot", JobState.Failed, 4)] }, AlertConditions.JobRetried).ShouldBeEmpty();
    }

    [Fact]
    public void Members_are_up_where_they_are_reached_and_in_a_state_that_is_fine()
    {
        var sample = Sample with
        {
            Sample = Sample.Sample with
            {
                Members =
                [
                    Member("db1", "RECOVERING", 0),
                    Member("db2", "PRIMARY", 0, healthy: false),
                    Member("db3", "SECONDARY", 400),
                ],
            },
        };
        var facts = Fine with { Samples = [sample] };
        Look(facts, AlertConditions.HostDown).Select(static one => one.Value).ShouldBe([1, 1, 0]);
        Look(facts, AlertConditions.NoPrimary).ShouldHaveSingleItem().Value.ShouldBe(1);
        Look(facts, AlertConditions.ReplicationLag).ShouldHaveSingleItem().Value.ShouldBe(400);
        var old = Fine with { Samples = [sample with { At = Now.AddMinutes(-6) }] };
        Look(old, AlertConditions.HostDown).ShouldAllBe(static one => double.IsNaN(one.Value));
    }

    [Theory]
    [InlineData(HostEventKind.BecamePrimary, 9, 1, "db2 is the primary of orders since")]
    [InlineData(HostEventKind.Elected, 0, 1, "db2 was elected the primary of orders at")]
    [InlineData(HostEventKind.Elected, 10, 0, "")]
    public void An_election_is_a_note_for_ten_minutes(HostEventKind kind, int minutes, double value, string said)
    {
        var election = new HostEventRecord("d", Now.AddMinutes(-minutes), kind, "db2", "db1", "db2");
        var facts = Fine with { Samples = [Sample with { Election = election }] };
        var found = Look(facts, AlertConditions.Election).ShouldHaveSingleItem();
        (found.Subject, found.Value).ShouldBe(("d", value));
        found.Say().Cause.Message.ShouldStartWith(said);
        AlertConditions.Find(AlertConditions.Election).Severity.ShouldBe(AlertSeverity.Info);
    }

    [Fact]
    public void Slow_operations_are_counted_by_server_and_are_no_alert_before_somebody_sets_a_threshold()
    {
        var sample = Sample with
        {
            Sample = Sample.Sample with { Hosts = [HostOf("db1", 40), HostOf("db2", 2), HostOf("db3", null)] },
        };
        var facts = Fine with { Samples = [sample] };
        var found = Look(facts, AlertConditions.SlowOperations);
        found.Select(static one => (one.SubjectName, one.Value)).ShouldBe([("db1", 40), ("db2", 2)]);
        Raised(new RuleBook([])).ShouldBeEmpty();
        Raised(new RuleBook([new AlertRule("g", "d", AlertConditions.SlowOperations, true, 10, null)]))
            .ShouldHaveSingleItem()
            .SubjectName.ShouldBe("db1");
        var old = Fine with { Samples = [sample with { At = Now.AddMinutes(-6) }] };
        Look(old, AlertConditions.SlowOperations).ShouldAllBe(static one => double.IsNaN(one.Value));

        IReadOnlyList<AlertRaise> Raised(RuleBook rules) =>
            new Evaluator().Judge(found, [], rules, new HashSet<string>(), Now).Raised;

        static HostSample HostOf(string name, long? slow) =>
            new(name, "4.2.4", 1, 1, 1, new Dictionary<string, long>(), 1, 1, 1, 1, 1) { SlowOperations = slow };
    }

    [Fact]
    public void The_appliance_is_looked_after_too()
    {
        var appliance = Fine.Appliance with
        {
            Disks = [new DiskFacts("/data", 100L << 30, 512L << 20)],
            Certificates = [new CertificateFacts("server", Now.AddDays(6))],
            Troubles = [new Backup.Foundation.Errors.BackupException(9001, "x", "y")],
        };
        var facts = Fine with
        {
            Appliance = appliance,
            Users = [Fine.Users[0] with { SealedTotp = null }],
            Channels = [Channel with { FailedAt = Now, FailureCode = "BK8831", Failure = "No." }],
            Forecasts = [new DiskForecast("/data", 5, 1e9)],
        };
        var space = Look(facts, AlertConditions.StoreSpace).ShouldHaveSingleItem();
        (space.Value, space.AtLeast).ShouldBe((99.5, AlertSeverity.Critical));
        Look(facts, AlertConditions.StoreForecast).ShouldHaveSingleItem().Value.ShouldBe(5);
        Look(facts, AlertConditions.CertificateExpiring).ShouldHaveSingleItem().Value.ShouldBe(6);
        Look(facts, AlertConditions.ApplianceTrouble).ShouldHaveSingleItem().Say().Cause.Number.ShouldBe(9001);
        Look(facts, AlertConditions.NoTwoFactor).ShouldHaveSingleItem().Value.ShouldBe(1);
        Look(facts, AlertConditions.ChannelFailing).ShouldHaveSingleItem().Value.ShouldBe(1);
        Look(Fine, AlertConditions.ApplianceTrouble).ShouldBeEmpty();
    }

    [Fact]
    public void A_groom_that_fails_and_one_that_gives_too_little_back_are_told()
    {
        Look(Fine, AlertConditions.GroomFailed).ShouldBeEmpty("there was none yet");
        var well = Fine with { Appliance = Fine.Appliance with { Groom = new GroomFacts(Now, 40, 4, null) } };
        Look(well, AlertConditions.GroomFailed).ShouldHaveSingleItem().Value.ShouldBe(0);
        Look(well, AlertConditions.StoreReclaimable).ShouldHaveSingleItem().Value.ShouldBe(4);
        var groom = new GroomFacts(Now, 600, 60, "BK5013 A manifest cannot be read.");
        var failed = Fine with { Appliance = Fine.Appliance with { Groom = groom } };
        var finding = Look(failed, AlertConditions.GroomFailed).ShouldHaveSingleItem();
        finding.Value.ShouldBe(1);
        finding.Say().Cause.Message.ShouldContain("BK5013");
        Look(failed, AlertConditions.StoreReclaimable).ShouldHaveSingleItem().Value.ShouldBe(60);
    }

    [Fact]
    public void A_disk_is_full_when_it_has_grown_by_what_is_free()
    {
        var disk = new DiskFacts("/data", 1000, 400);
        DiskHistory.Point[] points =
        [
            .. Enumerable
                .Range(0, 49)
                .Select(hour => new DiskHistory.Point(Now.AddHours(hour - 48), 500 + (hour * 100 / 48))),
        ];
        var forecast = DiskHistory.Forecast(disk, points, Now)!;
        forecast.Days.ShouldBe(8, 0.2);
        DiskHistory.Forecast(disk, points[^20..], Now).ShouldBeNull("less than a day says nothing");
        DiskHistory.Forecast(disk, [.. points.Select(static one => one with { UsedBytes = 5 })], Now).ShouldBeNull();
    }

    [Fact]
    public async Task Where_the_growth_cannot_be_stored_it_is_known_all_the_same()
    {
        var history = new DiskHistory(new FullSettings());
        var disk = new DiskFacts("/data", 1000, 500);
        for (var hour = 0; hour <= 48; hour++)
        {
            var now = await history.ForecastAsync([disk with { FreeBytes = 500 - hour }], Now.AddHours(hour), default);
            now.Count.ShouldBe(hour < 24 ? 0 : 1);
        }
    }

    /// <summary>On a full disk.</summary>
    private sealed class FullSettings : ISettings
    {
        public Task<string?> FindAsync(string name, CancellationToken cancellation = default) =>
            Task.FromResult<string?>(null);

        public Task SetAsync(string name, string value, CancellationToken cancellation = default) =>
            throw new Backup.Foundation.Errors.BackupException(1003, "The disk is full.", "Make room.");

        public Task<string> EnsureAsync(string name, string value, CancellationToken cancellation = default) =>
            throw new NotSupportedException();

        public Task<bool> ReplaceAsync(
            string name,
            string? expected,
            string value,
            CancellationToken cancellation = default
        ) => throw new NotSupportedException();
    }
}

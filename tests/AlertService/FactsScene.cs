using Backup.AlertService.Conditions;
using Backup.AlertService.Watch;
using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.Metadata.Alerting;
using Backup.Metadata.People;
using Shouldly;

namespace Backup.Tests.AlertService;

/// <summary>A deployment of three members that is all right, of which a test changes one thing.</summary>
internal static class FactsScene
{
    public static readonly DateTimeOffset Now = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    public static readonly Deployment Deployment = new(
        "d",
        "g",
        "orders",
        DeploymentTypes.ReplicaSet,
        "mongodb://db1/?replicaSet=rs0",
        Now.AddDays(-30)
    );

    public static readonly AgentRecord Agent = new("a", "g", "db1", "1.0", Now.AddDays(-30), Now.AddSeconds(-5), false);

    public static readonly AgentReport Report = new("d", "a", "tailing", null, null, null, Now.AddSeconds(-5));

    public static readonly SampleFacts Sample = new(
        Deployment,
        Now.AddSeconds(-30),
        new MonitoringSample(
            Now,
            [],
            [Member("db1", "PRIMARY", 0), Member("db2", "SECONDARY", 1), Member("db3", "SECONDARY", 1)],
            [],
            0,
            new OplogSample(new WireOptime(1, 1, 1), new WireOptime(2, 1, 1), 24 * 3600)
        ),
        Rolls: true
    );

    public static SetFacts Set { get; } =
        new(
            Deployment,
            new ReplicaSetRecord(
                "s",
                "d",
                "rs0",
                "5f0000000000000000000001",
                "4.2.4",
                "4.2",
                "wiredTiger",
                ReplicaSetState.Tailing,
                null,
                null,
                null,
                "sync",
                OptimeAt(Now),
                Now
            ),
            SnapshotPolicy.Default("s"),
            Snapshot(Now.AddHours(-1)),
            new HeadRecord("s", "sync", "block", OptimeAt(Now), OptimeAt(Now), true, 0, Now),
            OptimeAt(Now),
            []
        );

    public static Facts Fine { get; } =
        new(
            Now,
            Now.AddDays(-1),
            [Deployment],
            [Set],
            [],
            [Report],
            [Agent],
            [Sample],
            [],
            [new UserRecord("u", "ann@example.org", "Ann", "hash", true, Now) { SealedTotp = [1] }],
            [],
            new ApplianceFacts(
                [new DiskFacts("/data", 100L << 30, 50L << 30)],
                [new CertificateFacts("server", Now.AddDays(300))],
                [],
                "1.0"
            ),
            []
        )
        {
            Keepers = new KeeperSights(
                [new DaemonSight(Daemon(renewals: 9), TimeSpan.FromSeconds(5))],
                new Dictionary<string, TimeSpan> { ["s"] = TimeSpan.FromSeconds(5) }
            ),
        };

    public static DaemonRecord Daemon(long renewals, string id = "daemon", string session = "1") =>
        new(
            new DaemonReport(id, session, "host", "1.0", 1, 1 << 30, Now),
            Drains: false,
            renewals,
            Now,
            StoppedAt: null
        );

    public static Optime OptimeAt(DateTimeOffset at) => new((uint)at.ToUnixTimeSeconds(), 1, 1);

    public static MemberSample Member(string name, string state, long lag, bool healthy = true) =>
        new(name, state, healthy, null, lag);

    public static SnapshotRecord Snapshot(DateTimeOffset at) =>
        new("snap", "s", OptimeAt(at), "block", 1, 1, 1, 1, 1, "schedule", at, null);

    public static JobRecord Job(string kind, JobState state, int attempts = 1) =>
        new(
            "j",
            kind,
            "s",
            state,
            "{}",
            null,
            "",
            0,
            "BK5003",
            "A block is damaged.",
            "",
            attempts,
            Now,
            Now,
            Now,
            null,
            null
        );

    public static BurstRecord Burst { get; } =
        new(
            "b1",
            "d",
            "shop.orders",
            BurstKinds.Deletes,
            OptimeAt(Now.AddHours(-1)),
            Now.AddMinutes(-59),
            12_000,
            12_000,
            200,
            TimeSpan.FromMinutes(1),
            Now.AddDays(7)
        )
        {
            HeldSets = 1,
        };

    public static ChannelRecord Channel { get; } =
        new("c", "g", "ops", ChannelKinds.Mail, "{}", null, AlertSeverity.Warning, [], [], true, true, Now.AddDays(-1));

    /// <summary>What is found of a condition; every one of them can say its words.</summary>
    public static IReadOnlyList<Finding> Look(Facts facts, string condition)
    {
        var found = Probes
            .All.Single(one => one.Conditions.Contains(condition))
            .Look(facts)
            .Where(one => one.Condition == condition)
            .ToList();
        foreach (var finding in found.Where(static one => one.Value > 0 && double.IsFinite(one.Value)))
        {
            var words = finding.Say();
            words.Cause.ShouldBeOfType<BackupException>();
            words.Cause.Message.ShouldNotBeNullOrWhiteSpace();
        }

        return found;
    }
}

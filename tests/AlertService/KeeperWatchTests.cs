using Backup.AlertService.Conditions;
using Backup.AlertService.Watch;
using Backup.Metadata;
using Backup.Tests.Support;
using Shouldly;
using Xunit;
using static Backup.Tests.AlertService.FactsScene;

namespace Backup.Tests.AlertService;

/// <summary>Daemons that fall silent, and heads that nobody keeps.</summary>
public sealed class KeeperWatchTests
{
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(15);

    private readonly ManualTime _time = new();
    private readonly KeeperWatch _watch;

    public KeeperWatchTests() => _watch = new KeeperWatch(_time);

    [Fact]
    public void A_daemon_is_silent_since_its_renewals_stand_still_whatever_its_clock_says()
    {
        SilenceOf(Daemon(1)).ShouldBe(TimeSpan.Zero, "at first sight it is alive");
        _time.Advance(Step);
        SilenceOf(Daemon(2)).ShouldBe(TimeSpan.Zero);
        _time.Advance(Step);
        SilenceOf(Daemon(2) with { SeenAt = _time.GetUtcNow() }).ShouldBe(Step, "what its clock says does not matter");
        _time.Advance(Step);
        SilenceOf(Daemon(2)).ShouldBe(Step * 2);
        SilenceOf(Daemon(1, session: "2")).ShouldBe(TimeSpan.Zero, "it was started anew");
        _time.Advance(TimeSpan.FromDays(1));
        SilenceOf(Daemon(2, session: "2") with { SeenAt = Now.AddYears(-1) }).ShouldBe(TimeSpan.Zero);
    }

    [Fact]
    public void A_daemon_that_stopped_by_itself_or_was_forgotten_is_no_loss()
    {
        _watch.Look([Daemon(1) with { StoppedAt = Now }], [], []).Daemons.ShouldBeEmpty();
        _watch.Look([], [], []).Daemons.ShouldBeEmpty();
        _time.Advance(TimeSpan.FromHours(1));
        SilenceOf(Daemon(1)).ShouldBe(TimeSpan.Zero, "it is seen for the first time again");
    }

    public static TheoryData<string, DaemonRecord[], HeadLease?, bool> Keepers() =>
        new()
        {
            { "its daemon gives signs of life", [Daemon(1), Daemon(2)], Lease("daemon"), true },
            {
                "another run of it does, which has not taken the head",
                [Daemon(1), Daemon(1, session: "2")],
                Lease("daemon"),
                false
            },
            { "its signs stand still", [Daemon(1), Daemon(1)], Lease("daemon"), false },
            { "it stopped", [Daemon(1), Daemon(2) with { StoppedAt = Now }], Lease("daemon"), false },
            { "it was given back", [Daemon(1), Daemon(2)], Lease(null), false },
            { "its daemon is not known", [Daemon(1), Daemon(2)], Lease("other"), false },
            { "it was never granted", [Daemon(1), Daemon(2)], null, false },
        };

    [Theory]
    [MemberData(nameof(Keepers))]
    public void A_head_is_kept_while_the_daemon_that_has_its_lease_gives_signs_of_life(
        string why,
        DaemonRecord[] signs,
        HeadLease? lease,
        bool isKept
    )
    {
        IReadOnlyList<HeadLease> leases = lease is null ? [] : [lease];
        Unkept(signs[0], leases).ShouldBe(TimeSpan.Zero, "at first sight");
        _time.Advance(Step);
        Unkept(signs[1], leases).ShouldBe(isKept ? TimeSpan.Zero : Step, why);
    }

    [Fact]
    public void A_head_that_another_daemon_takes_is_kept_again()
    {
        Unkept(Daemon(1), [Lease("daemon")]);
        _time.Advance(Step * 2);
        Unkept(Daemon(1), [Lease("daemon")]).ShouldBe(Step * 2);
        _time.Advance(Step);
        _watch.Look([Daemon(1), Daemon(7, id: "other")], [Lease("other")], ["s"]).Unkept["s"].ShouldBe(TimeSpan.Zero);
    }

    [Theory]
    [InlineData(AlertConditions.DaemonDown, 15 * 60, "BK8811")]
    [InlineData(AlertConditions.HeadWithoutKeeper, 60, "BK8850")]
    public void Both_are_told_with_what_was_seen(string condition, int limit, string code)
    {
        var silent = TimeSpan.FromSeconds(limit + 1);
        var facts = Fine with
        {
            Keepers = new KeeperSights(
                [new DaemonSight(Daemon(1), silent)],
                new Dictionary<string, TimeSpan> { ["s"] = silent, ["not protected"] = silent }
            ),
        };
        var found = Look(facts, condition).ShouldHaveSingleItem();
        found.Value.ShouldBe(limit + 1);
        found.Say().Cause.Code.ShouldBe(code);
        (AlertConditions.Find(condition).Warning ?? AlertConditions.Find(condition).Critical).ShouldBe(limit);
    }

    private TimeSpan SilenceOf(DaemonRecord daemon) =>
        _watch.Look([daemon], [], []).Daemons.ShouldHaveSingleItem().Silent;

    private TimeSpan Unkept(DaemonRecord daemon, IReadOnlyList<HeadLease> leases) =>
        _watch.Look([daemon], leases, ["s"]).Unkept["s"];

    private static HeadLease Lease(string? daemon) => new("s", daemon, "1", 1, null, Now);
}

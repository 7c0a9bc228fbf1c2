using Backup.AlertService;
using Backup.AlertService.Conditions;
using Backup.Metadata.Alerting;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Backup.Tests.AlertService;

/// <summary>Each condition with its default thresholds, held against a clock that is moved.</summary>
public sealed class EvaluatorTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    /// <summary>Condition, which threshold, its severity.</summary>
    public static TheoryData<string, double, AlertSeverity> Limits()
    {
        var data = new TheoryData<string, double, AlertSeverity>();
        foreach (var condition in AlertConditions.All.Where(static one => one is { HasThreshold: true, IsTold: false }))
        {
            if (condition.Warning is { } warning)
            {
                data.Add(condition.Name, warning, AlertSeverity.Warning);
            }

            if (condition.Critical is { } critical)
            {
                data.Add(condition.Name, critical, AlertSeverity.Critical);
            }
        }

        return data;
    }

    public static TheoryData<string> Flags() =>
        [
            .. AlertConditions
                .All.Where(static one => one is { HasThreshold: false, IsTold: false })
                .Select(static one => one.Name),
        ];

    [Theory]
    [MemberData(nameof(Limits))]
    public void At_a_threshold_nothing_is_wrong_past_it_is_and_a_tenth_behind_it_is_over(
        string name,
        double limit,
        AlertSeverity severity
    )
    {
        var condition = AlertConditions.Find(name);
        var past = condition.LessIsWorse ? -1 : 1;
        var scene = new Scene(condition);
        (scene.See(limit - (past * limit * 0.01)) < severity).ShouldBeTrue("before it");
        (scene.See(limit) < severity).ShouldBeTrue("at it");
        scene.See(limit + (past * limit * 0.01));
        scene.Wait(condition.For);
        scene.See(limit + (past * limit * 0.01)).ShouldBe(severity, "past it");

        // Just before it is not better yet.
        scene.See(limit - (past * limit * 0.05)).ShouldBe(severity);
        scene.Wait(condition.Calm * 2);
        scene.See(limit - (past * limit * 0.05)).ShouldBe(severity);

        // A tenth further it is, and once it was so for a while it is over, or only as bad as the other threshold says.
        scene.See(limit - (past * limit * 0.11));
        scene.Wait(condition.Calm);
        (scene.See(limit - (past * limit * 0.11)) < severity).ShouldBeTrue();
    }

    [Theory]
    [MemberData(nameof(Flags))]
    public void What_is_so_for_long_enough_is_an_alert_and_what_is_not_for_long_enough_is_over(string name)
    {
        var condition = AlertConditions.Find(name);
        var scene = new Scene(condition);
        scene.See(0).ShouldBe(Scene.None);
        scene.See(1).ShouldBe(condition.For == TimeSpan.Zero ? condition.Severity : Scene.None);
        scene.Wait(condition.For);
        scene.See(1).ShouldBe(condition.Severity);
        scene.See(0).ShouldBe(condition.Severity, "it may come back at once");
        scene.Wait(condition.Calm);
        scene.See(0).ShouldBe(Scene.None);
        scene.Raised.ShouldBe(1);
    }

    [Theory]
    [MemberData(nameof(Flags))]
    public void What_flaps_is_one_alert(string name)
    {
        var condition = AlertConditions.Find(name);
        var scene = new Scene(condition);
        scene.See(1);
        scene.Wait(condition.For);
        scene.See(1);
        for (var round = 0; round < 20; round++)
        {
            scene.See(0);
            scene.Wait(condition.Calm - TimeSpan.FromSeconds(1));
            scene.See(1);
        }

        (scene.Raised, scene.Over).ShouldBe((1, 0));
    }

    [Fact]
    public void What_mends_itself_before_it_lasted_is_no_alert()
    {
        var condition = AlertConditions.Find(AlertConditions.HostDown);
        var scene = new Scene(condition);
        for (var round = 0; round < 10; round++)
        {
            scene.See(1);
            scene.Wait(condition.For - TimeSpan.FromSeconds(1));
            scene.See(0);
        }

        scene.Raised.ShouldBe(0);
    }

    [Fact]
    public void What_gets_worse_is_raised_again_and_what_gets_better_too()
    {
        var scene = new Scene(AlertConditions.Find(AlertConditions.OplogBehind));
        scene.See(700).ShouldBe(AlertSeverity.Warning);
        scene.See(5000).ShouldBe(AlertSeverity.Critical);
        scene.See(4200).ShouldBe(AlertSeverity.Critical, "it has not come back far enough");
        scene.See(700).ShouldBe(AlertSeverity.Warning);
        scene.Raised.ShouldBe(1, "it is the same alert all the time");
    }

    [Fact]
    public void A_deployments_rule_goes_before_its_groups_and_that_before_the_default()
    {
        var condition = AlertConditions.Find(AlertConditions.AgentDown);
        var rules = new RuleBook([
            new AlertRule("g", null, condition.Name, true, null, 60),
            new AlertRule("g", "d", condition.Name, true, 30, 120),
            new AlertRule("g", "off", condition.Name, false, null, null),
        ]);
        rules.Of(condition, "g", "other").ShouldBe(new Thresholds(true, null, 60));
        rules.Of(condition, "g", "d").ShouldBe(new Thresholds(true, 30, 120));
        rules.Of(condition, "other", "d").ShouldBe(new Thresholds(true, null, 900));
        rules.Of(condition, "g", "off").IsOn.ShouldBeFalse();
    }

    [Fact]
    public void What_is_switched_off_is_over_at_once()
    {
        var scene = new Scene(AlertConditions.Find(AlertConditions.AgentDown));
        scene.See(1000).ShouldBe(AlertSeverity.Critical);
        scene.Rules = new RuleBook([new AlertRule("g", null, AlertConditions.AgentDown, false, null, null)]);
        scene.See(1000).ShouldBe(Scene.None);
    }

    [Fact]
    public void What_is_no_longer_there_is_over_and_what_could_not_be_looked_at_stays()
    {
        var scene = new Scene(AlertConditions.Find(AlertConditions.AgentDown));
        scene.See(1000);
        scene.SeeNothing(unknown: true).ShouldBe(AlertSeverity.Critical);
        scene.SeeNothing(unknown: false).ShouldBe(Scene.None);
    }

    [Fact]
    public void What_is_not_known_now_stays_as_it_was()
    {
        var scene = new Scene(AlertConditions.Find(AlertConditions.AgentDown));
        scene.See(double.NaN).ShouldBe(Scene.None);
        scene.See(1000).ShouldBe(AlertSeverity.Critical);
        scene.Wait(TimeSpan.FromHours(1));
        scene.See(double.NaN).ShouldBe(AlertSeverity.Critical);
        (scene.Raised, scene.Over).ShouldBe((1, 0));
    }

    [Fact]
    public void Thresholds_have_ranges_and_an_order()
    {
        var more = AlertConditions.Find(AlertConditions.OplogBehind);
        more.Takes(60, 120).ShouldBeTrue();
        more.Takes(null, 120).ShouldBeTrue();
        more.Takes(120, 60).ShouldBeFalse();
        more.Takes(59, null).ShouldBeFalse();
        more.Takes(double.NaN, null).ShouldBeFalse();
        more.Takes(double.PositiveInfinity, null).ShouldBeFalse();
        var less = AlertConditions.Find(AlertConditions.CertificateExpiring);
        less.Takes(30, 7).ShouldBeTrue();
        less.Takes(7, 30).ShouldBeFalse();
        AlertConditions.Find(AlertConditions.HeadStopped).Takes(1, null).ShouldBeFalse();
    }

    [Fact]
    public void Every_default_is_in_its_range()
    {
        foreach (var condition in AlertConditions.All)
        {
            condition.Takes(condition.Warning, condition.Critical).ShouldBeTrue(condition.Name);
            // How many slow operations are too many nobody but who knows the source can say.
            (condition.Warning is not null || condition.Critical is not null).ShouldBe(
                condition.HasThreshold && condition.Name != AlertConditions.SlowOperations,
                condition.Name
            );
        }
    }

    /// <summary>However a value jumps about: an alert that was raised is over before it is raised again, and never more often than it was calm.</summary>
    [Fact]
    public void Raising_and_ending_take_turns() =>
        Prop.ForAll(
                Gen.Zip(Gen.Choose(0, 6000), Gen.Choose(1, 120)).ListOf().ToArbitrary(),
                steps =>
                {
                    var condition = AlertConditions.Find(AlertConditions.OplogBehind);
                    var scene = new Scene(condition);
                    var begun = scene.Now;
                    foreach (var (value, seconds) in steps)
                    {
                        scene.Wait(TimeSpan.FromSeconds(seconds));
                        scene.See(value);
                    }

                    scene.Raised.ShouldBeInRange(scene.Over, scene.Over + 1);
                    scene.Over.ShouldBeLessThanOrEqualTo((int)((scene.Now - begun) / condition.Calm));
                }
            )
            .QuickCheckThrowOnFailure();

    /// <summary>One subject, whose alert is kept as the catalogue keeps it.</summary>
    private sealed class Scene(AlertCondition condition)
    {
        /// <summary>No alert is open; less than every severity.</summary>
        public const AlertSeverity None = (AlertSeverity)(-1);

        private readonly Evaluator _evaluator = new();
        private AlertRecord? _open;

        public DateTimeOffset Now { get; private set; } = Start;

        public RuleBook Rules { get; set; } = new([]);

        public int Raised { get; private set; }

        public int Over { get; private set; }

        public void Wait(TimeSpan time) => Now += time;

        public AlertSeverity See(double value) =>
            Judge(
                [
                    new Finding(
                        condition.Name,
                        "x",
                        value,
                        static () => new AlertWords(AlertServiceErrors.Headless("x"), "")
                    )
                    {
                        GroupId = "g",
                    },
                ],
                new HashSet<string>()
            );

        public AlertSeverity SeeNothing(bool unknown) =>
            Judge([], unknown ? new HashSet<string> { condition.Name } : []);

        private AlertSeverity Judge(IReadOnlyList<Finding> findings, HashSet<string> unknown)
        {
            var verdict = _evaluator.Judge(findings, _open is null ? [] : [_open], Rules, unknown, Now);
            foreach (var raise in verdict.Raised)
            {
                Raised += _open is null ? 1 : 0;
                _open = new AlertRecord(
                    raise.Condition,
                    raise.Subject,
                    raise.Code,
                    raise.Message,
                    raise.Hint,
                    _open?.Since ?? Now,
                    Now,
                    null
                )
                {
                    Severity = raise.Severity,
                };
            }

            if (verdict.Over.Count > 0)
            {
                _open.ShouldNotBeNull();
                Over++;
                _open = null;
            }

            return _open?.Severity ?? None;
        }
    }
}

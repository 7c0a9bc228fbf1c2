using System.Text.Json;
using Backup.AlertService.Excerpts;
using Backup.Foundation.Compression;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.Metadata.Alerting;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Backup.Tests.AlertService;

/// <summary>What is collected of a source's servers when an alert opens, from an agent that a test plays.</summary>
public sealed class ExcerptTests
{
    private static readonly HostExcerpt Host = new("db1:27017", ["a line"], false, [], null);

    [Fact]
    public async Task Of_the_alerts_that_a_rule_names_the_log_of_that_time_is_kept_with_each()
    {
        await using var scene = await AlertScene.NewAsync();
        var deployment = await DeploymentAsync(scene);
        await scene.Store.AlertExcerpts.SetRuleAsync(Rule(deployment));
        await RaiseAsync(scene, deployment, "host-down", "db2");
        await RaiseAsync(scene, deployment, "no-primary", deployment.Id);
        await RaiseAsync(scene, deployment, "snapshot-late", deployment.Id);
        await scene.RaiseAsync("host-down", "of no deployment");
        scene.Time.Advance(TimeSpan.FromSeconds(20));

        var asked = await CollectAsync(scene, deployment, new HostAnswer("", [Host]));
        asked.ShouldHaveSingleItem().Look.ShouldBe(new HostLook(null, 50, "W", 500, ShowsValues: false, 320));
        foreach (var alert in await scene.Store.Alerts.ListAsync())
        {
            var kept = await scene.Store.AlertExcerpts.FindAsync(alert.Id);
            if (alert.Condition == "snapshot-late" || alert.DeploymentId is null)
            {
                kept.ShouldBeNull(alert.Condition);
                continue;
            }

            Read(kept!).Hosts.ShouldHaveSingleItem().Lines.ShouldBe(["a line"]);
            kept!.At.ShouldBe(scene.Time.GetUtcNow());
        }

        (await CollectAsync(scene, deployment, new HostAnswer("", [Host]))).ShouldBeEmpty("each has one");
    }

    [Fact]
    public async Task A_deployments_rule_counts_instead_of_its_groups()
    {
        await using var scene = await AlertScene.NewAsync();
        var deployment = await DeploymentAsync(scene);
        await RaiseAsync(scene, deployment, "host-down", "db2");
        (await CollectAsync(scene, deployment, new HostAnswer("", [Host]))).ShouldBeEmpty("there is no rule");
        await scene.Store.AlertExcerpts.SetRuleAsync(Rule(deployment));
        await scene.Store.AlertExcerpts.SetRuleAsync(
            Rule(deployment) with
            {
                DeploymentId = deployment.Id,
                IsOn = false,
            }
        );
        (await CollectAsync(scene, deployment, new HostAnswer("", [Host]))).ShouldBeEmpty("its own rule says so");
        await scene.Store.AlertExcerpts.RemoveRuleAsync(deployment.GroupId, deployment.Id);
        (await CollectAsync(scene, deployment, new HostAnswer("", [Host]))).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Who_cannot_answer_is_asked_again_and_after_five_minutes_it_is_said_why_there_is_nothing()
    {
        await using var scene = await AlertScene.NewAsync();
        var deployment = await DeploymentAsync(scene);
        await scene.Store.AlertExcerpts.SetRuleAsync(Rule(deployment));
        await RaiseAsync(scene, deployment, "host-down", "db2");
        var alert = (await scene.Store.Alerts.ListAsync()).ShouldHaveSingleItem();
        var fault = new HostAnswer("", [], Fault: new Fault("BK7035", "It is not read now.", "Wait."));

        (await CollectAsync(scene, deployment, fault)).Count.ShouldBe(1);
        (await scene.Store.AlertExcerpts.FindAsync(alert.Id)).ShouldBeNull();
        scene.Time.Advance(ExcerptCollector.Tried);
        (await CollectAsync(scene, deployment, fault)).Count.ShouldBe(1);
        Read((await scene.Store.AlertExcerpts.FindAsync(alert.Id))!).Fault!.Code.ShouldBe("BK7035");
    }

    [Fact]
    public async Task Of_what_began_long_ago_nothing_is_asked()
    {
        await using var scene = await AlertScene.NewAsync();
        var deployment = await DeploymentAsync(scene);
        await RaiseAsync(scene, deployment, "host-down", "db2");
        scene.Time.Advance(ExcerptCollector.Fresh);
        await scene.Store.AlertExcerpts.SetRuleAsync(Rule(deployment));
        (await CollectAsync(scene, deployment, new HostAnswer("", [Host]))).ShouldBeEmpty();
    }

    [Fact]
    public async Task Somebody_who_asks_the_same_servers_is_answered_first()
    {
        await using var scene = await AlertScene.NewAsync();
        var deployment = await DeploymentAsync(scene);
        await scene.Store.AlertExcerpts.SetRuleAsync(Rule(deployment));
        await RaiseAsync(scene, deployment, "host-down", "db2");
        var person = new HostRequestRecord(deployment.Id, "person", "{}", scene.Time.GetUtcNow());
        await scene.Store.HostRequests.AskAsync(person);
        await NewCollector(scene).RoundAsync(CancellationToken.None);
        (await scene.Store.HostRequests.FindAsync(deployment.Id))!.Id.ShouldBe("person");

        await scene.Store.HostRequests.TakeAsync(deployment.Id, DateTimeOffset.UnixEpoch);
        await scene.Store.HostRequests.AnswerAsync(deployment.Id, "person", "{}");
        (await CollectAsync(scene, deployment, new HostAnswer("", [Host]))).Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("nothing-of-ours", 10, null, null, "BK8843")]
    [InlineData("store-space", 10, null, null, "BK8843")]
    [InlineData("host-down", -1, null, null, "BK8841")]
    [InlineData("host-down", 501, null, null, "BK8841")]
    [InlineData("host-down", 10, "X", null, "BK8841")]
    [InlineData("host-down", 10, null, 0L, "BK8841")]
    [InlineData("host-down", 0, null, null, "BK8841")]
    public void A_rule_that_cannot_be_is_refused(
        string condition,
        int lines,
        string? severity,
        long? slow,
        string code
    ) =>
        Should
            .Throw<BackupException>(() =>
                ExcerptRules.Checked(new ExcerptRule("g", null, true, [condition], 0, severity, slow), lines)
            )
            .Code.ShouldBe(code);

    [Fact]
    public void A_rule_without_conditions_is_for_what_servers_may_say_more_of()
    {
        var rule = ExcerptRules.Checked(new ExcerptRule("g", null, true, [], 0, null, null), null);
        rule.Conditions.ShouldBe(["host-down", "no-primary", "election", "replication-lag", "slow-operations"]);
        rule.Lines.ShouldBe(200);
        ExcerptRules
            .Checked(rule with { Conditions = ["host-down", "host-down"], SlowMilliseconds = 1 }, 0)
            .Conditions.ShouldBe(["host-down"]);
    }

    private static ExcerptRule Rule(Deployment deployment) =>
        new(deployment.GroupId, null, true, ["host-down", "no-primary"], 50, "W", 500);

    private static Task<Deployment> DeploymentAsync(AlertScene scene) =>
        scene.Store.Deployments.EnsureAsync(
            new Deployment(
                "d1",
                scene.Group.Id,
                "orders",
                DeploymentTypes.ReplicaSet,
                "mongodb://db1/",
                scene.Time.GetUtcNow()
            )
        );

    private static Task<bool> RaiseAsync(AlertScene scene, Deployment deployment, string condition, string subject) =>
        scene.Store.Alerts.RaiseAsync(
            new AlertRaise(condition, subject, "BK8815", "It is down.", "Look.") { DeploymentId = deployment.Id }
        );

    private static ExcerptCollector NewCollector(AlertScene scene) => new(scene.Store, scene.Time, NullLogger.Instance);

    /// <summary>One round, with an agent that answers whatever is asked.</summary>
    /// <returns>What was asked.</returns>
    private static async Task<List<HostRequest>> CollectAsync(
        AlertScene scene,
        Deployment deployment,
        HostAnswer answer
    )
    {
        var asked = new List<HostRequest>();
        using var over = new CancellationTokenSource();
        var agent = Task.Run(async () =>
        {
            while (!over.IsCancellationRequested)
            {
                if (await scene.Store.HostRequests.TakeAsync(deployment.Id, DateTimeOffset.UnixEpoch) is { } taken)
                {
                    asked.Add(JsonSerializer.Deserialize(taken.Request, AgentJson.Default.HostRequest)!);
                    await scene.Store.HostRequests.AnswerAsync(
                        deployment.Id,
                        taken.Id,
                        JsonSerializer.Serialize(answer with { RequestId = taken.Id }, AgentJson.Default.HostAnswer)
                    );
                }

                await Task.Delay(5);
            }
        });
        await NewCollector(scene).RoundAsync(CancellationToken.None);
        await over.CancelAsync();
        await agent;
        return asked;
    }

    private static HostAnswer Read(AlertExcerpt excerpt)
    {
        var raw = new byte[excerpt.RawLength];
        Zstd.Decompress(excerpt.Content, raw);
        return JsonSerializer.Deserialize(raw, AgentJson.Default.HostAnswer)!;
    }
}

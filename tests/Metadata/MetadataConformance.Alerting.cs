using System.Text.Json;
using Backup.Metadata;
using Backup.Metadata.Alerting;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata;

/// <content>Alerts, and who is told of them.</content>
public abstract partial class MetadataConformance
{
    private static readonly AlertRaise Late = new("late", "x", "BK1", "a", "b");

    [Fact]
    public async Task An_alert_is_open_until_it_is_resolved()
    {
        (await Store.Alerts.RaiseAsync(Late)).ShouldBeTrue();
        var since = Time.GetUtcNow();
        Time.Advance(TimeSpan.FromMinutes(1));
        (await Store.Alerts.RaiseAsync("late", "x", "BK2", "c", "d")).ShouldBeFalse();
        (await Store.Alerts.RaiseAsync("late", "y", "BK3", "e", "f")).ShouldBeTrue();
        await ReopenAsync();
        var open = await Store.Alerts.ListAsync();
        open[1]
            .ShouldBe(
                new AlertRecord("late", "x", "BK2", "c", "d", since, Time.GetUtcNow(), null)
                {
                    Id = open[1].Id,
                    SubjectName = "x",
                }
            );
        (await Store.Alerts.ResolveAsync("late", "x")).ShouldBeTrue();
        (await Store.Alerts.ResolveAsync("late", "x")).ShouldBeFalse();
        (await Store.Alerts.ListAsync()).Single().Subject.ShouldBe("y");
        (await Store.Alerts.ListAsync(onlyOpen: false)).Count.ShouldBe(2);
    }

    [Fact]
    public async Task What_comes_back_soon_is_the_same_alert_and_later_another_one()
    {
        await Store.Alerts.RaiseAsync(Late);
        var first = (await Store.Alerts.ListAsync()).Single();
        await Store.Alerts.ResolveAsync("late", "x");
        Time.Advance(AlertRecord.ReopenedWithin - TimeSpan.FromSeconds(1));
        (await Store.Alerts.RaiseAsync(Late)).ShouldBeTrue();
        var again = (await Store.Alerts.ListAsync()).Single();
        (again.Id, again.Since, again.Reopened).ShouldBe((first.Id, first.Since, 1));

        await Store.Alerts.ResolveAsync("late", "x");
        Time.Advance(AlertRecord.ReopenedWithin);
        (await Store.Alerts.RaiseAsync(Late)).ShouldBeTrue();
        var other = (await Store.Alerts.ListAsync()).Single();
        (other.Id, other.Reopened).ShouldBe((first.Id + 1, 0));
    }

    [Fact]
    public async Task An_alert_belongs_to_the_group_of_its_deployment_and_to_nobody_without_one()
    {
        var deployment = await DeploymentAsync();
        await Store.Alerts.RaiseAsync(Late with { Subject = deployment.Id });
        await Store.Alerts.RaiseAsync(
            Late with
            {
                Subject = "agent",
                DeploymentId = deployment.Id,
                SubjectName = "db1",
            }
        );
        await Store.Alerts.RaiseAsync(Late with { Subject = "disk" });
        var mine = await Store.Alerts.FindAsync(new AlertQuery(deployment.GroupId, 10));
        mine.Select(one => (one.SubjectName, one.DeploymentId))
            .ShouldBe([("db1", deployment.Id), (deployment.Name, deployment.Id)]);
        (await Store.Alerts.FindAsync(new AlertQuery(null, 10))).Single().Subject.ShouldBe("disk");
        var all = new AlertQuery(deployment.GroupId, 2) { WithAppliance = true };
        var page = await Store.Alerts.FindAsync(all);
        page.Select(one => one.Subject).ShouldBe(["disk", "agent"]);
        (await Store.Alerts.FindAsync(all with { Before = page[1].Id })).Single().Subject.ShouldBe(deployment.Id);
        await Store.Alerts.ResolveAsync("late", "disk");
        (await Store.Alerts.FindAsync(all with { OnlyOpen = true, Limit = 10 })).Count.ShouldBe(2);
        (await Store.Alerts.FindAsync(new AlertQuery("other", 10))).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_somebody_closed_is_not_opened_again_before_it_was_over_once()
    {
        await Store.Alerts.RaiseAsync(Late);
        var id = (await Store.Alerts.ListAsync()).Single().Id;
        (await Store.Alerts.CloseAsync(id, "known")).Resolution.ShouldBe("known");
        await ShouldFailAsync(MetadataErrors.AlertIsOver, () => Store.Alerts.CloseAsync(id, "twice"));
        await ShouldFailAsync(MetadataErrors.NotThere, () => Store.Alerts.CloseAsync(id + 1, "none"));
        (await Store.Alerts.RaiseAsync(Late)).ShouldBeFalse();
        (await Store.Alerts.ListAsync()).ShouldBeEmpty();
        (await Store.Alerts.ResolveAsync("late", "x")).ShouldBeFalse();
        Time.Advance(TimeSpan.FromHours(1));
        (await Store.Alerts.RaiseAsync(Late)).ShouldBeTrue();
        (await Store.Alerts.ListAsync()).Single().Id.ShouldBe(id + 1);
    }

    [Fact]
    public async Task An_alert_is_due_when_it_opens_gets_worse_is_told_again_and_is_over()
    {
        var warning = Late with { Severity = AlertSeverity.Warning };
        await Store.Alerts.RaiseAsync(warning);
        var due = (await Store.Alerts.DueAsync(10)).Single();
        (due.Told, due.Notices, due.NextNoticeAt).ShouldBe((null, 0, null));

        var next = Time.GetUtcNow().AddMinutes(15);
        (await TellAsync(due, NoticeKind.Opened, next)).ShouldBeTrue();
        (await TellAsync(due, NoticeKind.Opened, next)).ShouldBeFalse("somebody else has told of it");
        (await Store.Alerts.DueAsync(10)).ShouldBeEmpty();

        await Store.Alerts.RaiseAsync(Late);
        due = (await Store.Alerts.DueAsync(10)).Single();
        (due.Told, due.Severity, due.Notices).ShouldBe((AlertSeverity.Warning, AlertSeverity.Critical, 1));
        await TellAsync(due, NoticeKind.Worse, next);
        Time.Advance(TimeSpan.FromMinutes(15));
        due = (await Store.Alerts.DueAsync(10)).Single();

        // Who knows is not told again, until the time that they named.
        var until = Time.GetUtcNow().AddHours(1);
        await Store.Alerts.AcknowledgeAsync(due.Id, new Acknowledgement("ann", Time.GetUtcNow(), "mine", until));
        (await Store.Alerts.DueAsync(10)).ShouldBeEmpty();
        (await Store.Alerts.FindAsync(due.Id))!.Acknowledged!.Comment.ShouldBe("mine");
        Time.Advance(TimeSpan.FromHours(1));
        (await Store.Alerts.DueAsync(10)).Count.ShouldBe(1);

        // It ends between the look and the note of it: that it is still so is not told, its end is.
        await Store.Alerts.ResolveAsync("late", "x");
        (await TellAsync(due, NoticeKind.Still, null)).ShouldBeFalse();
        await ShouldFailAsync(
            MetadataErrors.AlertIsOver,
            () => Store.Alerts.AcknowledgeAsync(due.Id, new Acknowledgement("ann", Time.GetUtcNow(), "", null))
        );
        due = (await Store.Alerts.DueAsync(10)).Single();
        due.IsOpen.ShouldBeFalse();
        await TellAsync(due, NoticeKind.Resolved, null);
        (await Store.Alerts.DueAsync(10)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Of_what_nobody_was_told_the_end_is_not_told_either_and_events_are_told_once()
    {
        await Store.Alerts.RaiseAsync(Late);
        await Store.Alerts.ResolveAsync("late", "x");
        (await Store.Alerts.DueAsync(10)).ShouldBeEmpty();
        await Store.Alerts.RaiseAsync(Late with { IsEvent = true });
        (await Store.Alerts.RaiseAsync(Late with { IsEvent = true })).ShouldBeTrue("each is one of its own");
        (await Store.Alerts.ListAsync()).ShouldBeEmpty();
        var due = await Store.Alerts.DueAsync(10);
        due.Count.ShouldBe(2);
        foreach (var one in due)
        {
            await TellAsync(one, NoticeKind.Opened, null);
        }

        (await Store.Alerts.DueAsync(10)).ShouldBeEmpty();
        (await Store.Alerts.PruneAsync(Time.GetUtcNow())).ShouldBe(0);
        Time.Advance(TimeSpan.FromDays(1));
        (await Store.Alerts.PruneAsync(Time.GetUtcNow())).ShouldBe(3);
    }

    [Fact]
    public async Task One_watches_until_its_time_is_over()
    {
        var time = TimeSpan.FromMinutes(1);
        (await Store.Alerts.TakeWatchAsync("a", time)).ShouldBeTrue();
        (await Store.Alerts.TakeWatchAsync("b", time)).ShouldBeFalse();
        Time.Advance(TimeSpan.FromSeconds(30));
        (await Store.Alerts.TakeWatchAsync("a", time)).ShouldBeTrue();
        Time.Advance(TimeSpan.FromSeconds(59));
        (await Store.Alerts.TakeWatchAsync("b", time)).ShouldBeFalse();
        Time.Advance(TimeSpan.FromSeconds(1));
        (await Store.Alerts.TakeWatchAsync("b", time)).ShouldBeTrue();
        (await Store.Alerts.TakeWatchAsync("a", time)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_rule_takes_the_place_of_the_one_before()
    {
        var rule = new AlertRule("g", "d", "late", true, 5, null);
        await Store.AlertRules.SetAsync(rule);
        await Store.AlertRules.SetAsync(rule with { IsOn = false, Warning = null, Critical = 2.5 });
        await Store.AlertRules.SetAsync(new AlertRule(null, null, "late", true, 1, 2));
        await ReopenAsync();
        (await Store.AlertRules.ListAsync()).ShouldBe([
            new AlertRule(null, null, "late", true, 1, 2),
            new AlertRule("g", "d", "late", false, null, 2.5),
        ]);
        (await Store.AlertRules.RemoveAsync("g", null, "late")).ShouldBeFalse();
        (await Store.AlertRules.RemoveAsync("g", "d", "late")).ShouldBeTrue();
        (await Store.AlertRules.RemoveAsync(null, null, "late")).ShouldBeTrue();
        (await Store.AlertRules.ListAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_rule_of_excerpts_takes_the_place_of_the_one_before()
    {
        var group = (await DeploymentAsync()).GroupId;
        var rule = new ExcerptRule(group, null, true, ["host-down", "no-primary"], 200, "W", 500);
        await Store.AlertExcerpts.SetRuleAsync(rule);
        var other = rule with
        {
            IsOn = false,
            Conditions = ["election"],
            Lines = 0,
            Severity = null,
            SlowMilliseconds = null,
        };
        await Store.AlertExcerpts.SetRuleAsync(other);
        await Store.AlertExcerpts.SetRuleAsync(rule with { DeploymentId = "d" });
        await ReopenAsync();
        var stored = await Store.AlertExcerpts.RulesAsync();
        stored
            .Select(static one => JsonSerializer.Serialize(one))
            .ShouldBe([JsonSerializer.Serialize(other), JsonSerializer.Serialize(rule with { DeploymentId = "d" })]);
        (await Store.AlertExcerpts.RemoveRuleAsync(group, "elsewhere")).ShouldBeFalse();
        (await Store.AlertExcerpts.RemoveRuleAsync(group, "d")).ShouldBeTrue();
        (await Store.AlertExcerpts.RemoveRuleAsync(group, null)).ShouldBeTrue();
        (await Store.AlertExcerpts.RulesAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_excerpt_is_kept_once_and_as_long_as_its_alert()
    {
        await Store.Alerts.RaiseAsync("host-down", "x", "BK1", "m", "h");
        await Store.Alerts.RaiseAsync("host-down", "y", "BK1", "m", "h");
        var (y, x) = (await Store.Alerts.ListAsync()) is [var second, var first] ? (second.Id, first.Id) : default;
        var excerpt = new AlertExcerpt(x, Time.GetUtcNow(), 9, [1, 2, 3]);
        (await Store.AlertExcerpts.AddAsync(excerpt)).ShouldBeTrue();
        (await Store.AlertExcerpts.AddAsync(excerpt with { Content = [4] })).ShouldBeFalse(
            "the first one is of that time"
        );
        (await Store.AlertExcerpts.AddAsync(excerpt with { AlertId = y + 1 })).ShouldBeFalse("there is no such alert");
        await ReopenAsync();
        (await Store.AlertExcerpts.FindAsync(x)).ShouldBeEquivalentTo(excerpt);
        (await Store.AlertExcerpts.FindAsync(y)).ShouldBeNull();
        (await Store.AlertExcerpts.OfAsync([x, y])).ShouldBe([x]);
        (await Store.AlertExcerpts.OfAsync([])).ShouldBeEmpty();

        await Store.Alerts.ResolveAsync("host-down", "x");
        Time.Advance(TimeSpan.FromDays(400));
        (await Store.Alerts.PruneAsync(Time.GetUtcNow().AddDays(-366))).ShouldBe(1);
        (await Store.AlertExcerpts.FindAsync(x)).ShouldBeNull();
    }

    [Fact]
    public async Task Windows_are_listed_until_they_are_over()
    {
        var deployment = await DeploymentAsync();
        var now = Time.GetUtcNow();
        var window = new MaintenanceWindow("w", deployment.GroupId, null, now, now.AddHours(1), "upgrade", "ann");
        await Store.AlertRules.AddWindowAsync(window);
        await Store.AlertRules.AddWindowAsync(
            window with
            {
                Id = "v",
                DeploymentId = deployment.Id,
                To = now.AddHours(2),
            }
        );
        (await Store.AlertRules.WindowsAsync()).Select(one => one.Id).ShouldBe(["v", "w"]);
        Time.Advance(TimeSpan.FromHours(1));
        (await Store.AlertRules.WindowsAsync()).Single().DeploymentId.ShouldBe(deployment.Id);
        (await Store.AlertRules.RemoveWindowAsync("other", "v")).ShouldBeFalse();
        (await Store.AlertRules.RemoveWindowAsync(deployment.GroupId, "v")).ShouldBeTrue();
        (await Store.AlertRules.WindowsAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_channel_is_kept_as_it_was_given()
    {
        var channel = await ChannelAsync("ops");
        await ShouldFailAsync(
            MetadataErrors.AlreadyThere,
            () => Store.AlertChannels.AddAsync(channel with { Id = "other" })
        );
        await ReopenAsync();
        var stored = (await Store.AlertChannels.ListAsync()).Single();
        stored.ShouldBeEquivalentTo(channel);
        var changed = channel with
        {
            Name = "night",
            SealedSecret = null,
            Conditions = new List<string>(),
            IsOn = false,
        };
        await Store.AlertChannels.ChangeAsync(changed);
        (await Store.AlertChannels.FindAsync(channel.Id)).ShouldBeEquivalentTo(changed);
        await ShouldFailAsync(
            MetadataErrors.NotThere,
            () => Store.AlertChannels.ChangeAsync(channel with { Id = "none" })
        );
        await Store.AlertChannels.RemoveAsync(channel.Id);
        await ShouldFailAsync(MetadataErrors.NotThere, () => Store.AlertChannels.RemoveAsync(channel.Id));
    }

    [Fact]
    public async Task A_delivery_is_one_owners_until_it_arrives_or_fails()
    {
        var channel = await ChannelAsync("ops");
        await Store.Alerts.RaiseAsync(Late);
        var alert = (await Store.Alerts.ListAsync()).Single();
        var delivery = Delivery(channel, [new DeliveredAlert(alert.Id, NoticeKind.Opened)]);
        await Store.Alerts.TellAsync([new Notice(alert.Id, NoticeKind.Opened, 0, null)], [delivery]);

        var lease = TimeSpan.FromMinutes(1);
        var taken = await Store.AlertChannels.TakeAsync("a", lease);
        taken!.Alerts.ShouldBe(delivery.Alerts);
        taken.Attempts.ShouldBe(1);
        (await Store.AlertChannels.TakeAsync("b", lease)).ShouldBeNull();
        (await Store.AlertChannels.DeliveredAsync(delivery.Id, "b")).ShouldBeFalse();
        var retry = Time.GetUtcNow().AddMinutes(5);
        (await Store.AlertChannels.FailedAsync(delivery.Id, "a", "BK1", "no", retry)).ShouldBeTrue();
        (await Store.AlertChannels.FindAsync(channel.Id))!.Failure.ShouldBe("no");
        (await Store.AlertChannels.TakeAsync("a", lease)).ShouldBeNull();
        Time.Advance(TimeSpan.FromMinutes(5));

        // Whoever dies with it in its hands loses it.
        (await Store.AlertChannels.TakeAsync("dies", lease)).ShouldNotBeNull();
        Time.Advance(lease);
        (await Store.AlertChannels.TakeAsync("b", lease))!.Attempts.ShouldBe(3);
        (await Store.AlertChannels.FailedAsync(delivery.Id, "dies", "BK1", "late", null)).ShouldBeFalse();
        (await Store.AlertChannels.DeliveredAsync(delivery.Id, "b")).ShouldBeTrue();
        (await Store.AlertChannels.FindAsync(channel.Id))!.Failure.ShouldBeNull();
        var ended = (await Store.AlertChannels.DeliveriesAsync(channel.GroupId, 10)).Single();
        (ended.State, ended.EndedAt).ShouldBe((DeliveryState.Delivered, Time.GetUtcNow()));
        (await Store.AlertChannels.DeliveriesAsync("other", 10)).ShouldBeEmpty();
        Time.Advance(TimeSpan.FromDays(1));
        (await Store.AlertChannels.PruneAsync(Time.GetUtcNow())).ShouldBe(1);
    }

    [Fact]
    public async Task A_delivery_that_is_given_up_is_not_tried_again_and_goes_with_its_channel()
    {
        var channel = await ChannelAsync("ops");
        var delivery = Delivery(channel, []);
        await Store.AlertChannels.QueueAsync(delivery);
        delivery.IsTest.ShouldBeTrue();
        await Store.AlertChannels.TakeAsync("a", TimeSpan.FromMinutes(1));
        await Store.AlertChannels.FailedAsync(delivery.Id, "a", "BK1", "no", null);
        var failed = (await Store.AlertChannels.FindDeliveryAsync(delivery.Id))!;
        (failed.State, failed.Code, failed.Message).ShouldBe((DeliveryState.Failed, "BK1", "no"));
        (await Store.AlertChannels.TakeAsync("a", TimeSpan.FromMinutes(1))).ShouldBeNull();
        await Store.AlertChannels.QueueAsync(Delivery(channel, []));
        await Store.AlertChannels.RemoveAsync(channel.Id);
        (await Store.AlertChannels.TakeAsync("a", TimeSpan.FromMinutes(1))).ShouldBeNull();
    }

    private Task<bool> TellAsync(AlertRecord alert, NoticeKind kind, DateTimeOffset? next) =>
        Store.Alerts.TellAsync([new Notice(alert.Id, kind, alert.Notices, next)], []);

    private async Task<ChannelRecord> ChannelAsync(string name)
    {
        var group = await Store.Access.EnsureGroupAsync("default");
        var channel = new ChannelRecord(
            Guid.NewGuid().ToString("N"),
            group.Id,
            name,
            ChannelKinds.Mail,
            """{"to":["ops@example.org"]}""",
            [1, 2, 3],
            AlertSeverity.Warning,
            new List<string> { "late" },
            new List<string>(),
            true,
            true,
            Time.GetUtcNow()
        );
        await Store.AlertChannels.AddAsync(channel);
        return channel;
    }

    private DeliveryRecord Delivery(ChannelRecord channel, IReadOnlyList<DeliveredAlert> alerts) =>
        new(Guid.NewGuid().ToString("N"), channel.Id, alerts, Time.GetUtcNow(), Time.GetUtcNow());
}

using Backup.AlertService.Notices;
using Backup.Metadata.Alerting;
using Shouldly;
using Xunit;

namespace Backup.Tests.AlertService;

/// <summary>Who is told of what, and when.</summary>
public sealed class TellerTests
{
    [Fact]
    public async Task An_alert_is_told_once_then_less_and_less_often_and_its_end_is_told()
    {
        await using var scene = await AlertScene.NewAsync();
        await scene.AddChannelAsync("mail", "{}");
        await scene.RaiseAsync();
        (await scene.ToldAsync()).ShouldBe(["mail: Opened x"]);
        (await scene.ToldAsync()).ShouldBeEmpty();
        foreach (var minutes in new[] { 15, 60, 4 * 60, 12 * 60, 24 * 60, 24 * 60 })
        {
            scene.Time.Advance(TimeSpan.FromMinutes(minutes) - TimeSpan.FromSeconds(1));
            (await scene.ToldAsync()).ShouldBeEmpty();
            scene.Time.Advance(TimeSpan.FromSeconds(1));
            (await scene.ToldAsync()).ShouldBe(["mail: Still x"]);
        }

        await scene.Store.Alerts.ResolveAsync("agent-down", "x");
        (await scene.ToldAsync()).ShouldBe(["mail: Resolved x"]);
        (await scene.ToldAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_comes_back_soon_is_told_when_it_would_have_been_anyway()
    {
        await using var scene = await AlertScene.NewAsync();
        await scene.AddChannelAsync("mail", "{}");
        await scene.RaiseAsync();
        await scene.ToldAsync();
        for (var round = 0; round < 10; round++)
        {
            await scene.Store.Alerts.ResolveAsync("agent-down", "x");
            scene.Time.Advance(TimeSpan.FromMinutes(1));
            await scene.RaiseAsync();
            (await scene.ToldAsync()).ShouldBeEmpty();
        }

        scene.Time.Advance(TimeSpan.FromMinutes(5));
        (await scene.ToldAsync()).ShouldBe(["mail: Still x"]);
    }

    [Fact]
    public async Task What_was_told_to_be_over_and_comes_back_is_told_again_and_less_soon_each_time()
    {
        await using var scene = await AlertScene.NewAsync();
        await scene.AddChannelAsync("mail", "{}");
        await scene.RaiseAsync();
        await scene.ToldAsync();
        foreach (var minutes in new[] { 0, 5, 10 })
        {
            await scene.Store.Alerts.ResolveAsync("agent-down", "x");
            (await scene.ToldAsync()).ShouldBe(["mail: Resolved x"]);
            await scene.RaiseAsync();
            if (minutes > 0)
            {
                scene.Time.Advance(TimeSpan.FromMinutes(minutes) - TimeSpan.FromSeconds(1));
                (await scene.ToldAsync()).ShouldBeEmpty();
                scene.Time.Advance(TimeSpan.FromSeconds(1));
            }

            (await scene.ToldAsync()).ShouldBe(["mail: Opened x"]);
        }

        // Back for too short a time to be told of: its end is not told either.
        await scene.Store.Alerts.ResolveAsync("agent-down", "x");
        await scene.ToldAsync();
        await scene.RaiseAsync();
        await scene.Store.Alerts.ResolveAsync("agent-down", "x");
        (await scene.ToldAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_gets_worse_is_told_at_once_to_those_who_know_too()
    {
        await using var scene = await AlertScene.NewAsync();
        await scene.AddChannelAsync("mail", "{}");
        await scene.RaiseAsync(severity: AlertSeverity.Warning);
        await scene.ToldAsync();
        var alert = (await scene.Store.Alerts.ListAsync()).Single();
        var known = new Acknowledgement("ann", scene.Time.GetUtcNow(), "I look", null);
        await scene.Store.Alerts.AcknowledgeAsync(alert.Id, known);
        scene.Time.Advance(TimeSpan.FromDays(2));
        (await scene.ToldAsync()).ShouldBeEmpty();
        await scene.RaiseAsync(severity: AlertSeverity.Critical);
        (await scene.ToldAsync()).ShouldBe(["mail: Worse x"]);
    }

    [Fact]
    public async Task In_a_window_nobody_is_told_and_what_is_open_at_its_end_is_told_then()
    {
        await using var scene = await AlertScene.NewAsync();
        await scene.AddChannelAsync("mail", "{}");
        await scene.RaiseAsync(subject: "before");
        await scene.ToldAsync();
        var now = scene.Time.GetUtcNow();
        await scene.Store.AlertRules.AddWindowAsync(
            new MaintenanceWindow("w", scene.Group.Id, null, now, now.AddHours(1), "upgrade", "ann")
        );
        await scene.RaiseAsync(subject: "short");
        await scene.RaiseAsync(subject: "long");
        (await scene.ToldAsync()).ShouldBeEmpty();
        await scene.Store.Alerts.ResolveAsync("agent-down", "short");
        await scene.Store.Alerts.ResolveAsync("agent-down", "before");
        (await scene.ToldAsync()).ShouldBe(["mail: Resolved before"]);
        scene.Time.Advance(TimeSpan.FromHours(1));
        (await scene.ToldAsync()).ShouldBe(["mail: Opened long"]);
    }

    [Fact]
    public async Task A_channel_hears_what_it_is_for()
    {
        await using var scene = await AlertScene.NewAsync();
        await scene.AddChannelAsync(
            "critical",
            "{}",
            change: static one => one with { Least = AlertSeverity.Critical }
        );
        await scene.AddChannelAsync("some", "{}", change: static one => one with { Conditions = ["head-stopped"] });
        await scene.AddChannelAsync("other", "{}", change: static one => one with { DeploymentIds = ["elsewhere"] });
        await scene.AddChannelAsync("off", "{}", change: static one => one with { IsOn = false });
        await scene.AddChannelAsync("mine", "{}", change: static one => one with { WithAppliance = false });
        await scene.RaiseAsync(severity: AlertSeverity.Warning, subject: "a");
        (await scene.ToldAsync()).ShouldBe(["mine: Opened a"]);
        await scene.RaiseAsync("head-stopped", "b");
        (await scene.ToldAsync()).Order().ShouldBe(["critical: Opened b", "mine: Opened b", "some: Opened b"]);
        await scene.Store.Alerts.RaiseAsync("daemon-down", "c", "BK1", "x", "y");
        (await scene.ToldAsync()).ShouldBe(["critical: Opened c"], "it is about the appliance as a whole");
    }

    [Fact]
    public async Task Who_was_told_that_it_was_critical_is_told_that_it_is_over()
    {
        await using var scene = await AlertScene.NewAsync();
        await scene.AddChannelAsync(
            "critical",
            "{}",
            change: static one => one with { Least = AlertSeverity.Critical }
        );
        await scene.RaiseAsync();
        await scene.ToldAsync();
        await scene.RaiseAsync(severity: AlertSeverity.Warning);
        await scene.Store.Alerts.ResolveAsync("agent-down", "x");
        (await scene.ToldAsync()).ShouldBe(["critical: Resolved x"]);
    }

    [Fact]
    public async Task A_flood_comes_in_one_message()
    {
        await using var scene = await AlertScene.NewAsync();
        var channel = await scene.AddChannelAsync("mail", "{}");
        for (var number = 0; number < 120; number++)
        {
            await scene.RaiseAsync(subject: $"host {number}");
        }

        await scene.Teller.RoundAsync(CancellationToken.None);
        var sent = await scene.Store.AlertChannels.DeliveriesAsync(scene.Group.Id, 10);
        sent.Select(static one => one.Alerts.Count).Order().ShouldBe([20, 50, 50]);
        sent.ShouldAllBe(one => one.ChannelId == channel.Id);
    }

    [Fact]
    public async Task Several_instances_tell_nobody_twice()
    {
        await using var scene = await AlertScene.NewAsync();
        await scene.AddChannelAsync("mail", "{}");
        for (var number = 0; number < 20; number++)
        {
            await scene.RaiseAsync(subject: $"{number}");
        }

        await Task.WhenAll(
            Enumerable
                .Range(0, 8)
                .Select(_ => Task.Run(() => new Teller(scene.Store, scene.Time).RoundAsync(CancellationToken.None)))
        );
        var told = (await scene.Store.AlertChannels.DeliveriesAsync(scene.Group.Id, 100)).SelectMany(static one =>
            one.Alerts
        );
        told.Select(static one => one.AlertId)
            .Order()
            .ShouldBe(Enumerable.Range(1, 20).Select(static one => (long)one));
    }

    [Fact]
    public async Task What_others_raise_can_be_switched_off()
    {
        await using var scene = await AlertScene.NewAsync();
        await scene.AddChannelAsync("mail", "{}");
        await scene.Store.AlertRules.SetAsync(new AlertRule(scene.Group.Id, null, "restore-failed", false, null, null));
        await scene.RaiseAsync("restore-failed");
        (await scene.ToldAsync()).ShouldBeEmpty();
    }
}

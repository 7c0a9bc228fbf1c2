using Backup.AlertService.Conditions;
using Backup.AlertService.Notices;
using Backup.AlertService.Watch;
using Backup.Foundation;
using Backup.Metadata;
using Backup.Metadata.Alerting;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Backup.Tests.AlertService;

/// <summary>Rounds over a real catalogue: what somebody resolves, and what becomes of it.</summary>
public sealed class WatchTests
{
    [Fact]
    public async Task What_was_closed_while_it_was_so_is_opened_again_when_it_comes_back_after_it_was_over()
    {
        await using var scene = await AlertScene.NewAsync();
        var full = true;
        var watch = new ConditionWatch(
            scene.Store,
            new FactsReader(scene.Store, _ => Task.FromResult(Around(full)), scene.Time),
            NullLogger.Instance
        );
        await RoundAsync();
        var alert = (await scene.Store.Alerts.ListAsync()).ShouldHaveSingleItem();
        await scene.Store.Alerts.CloseAsync(alert.Id, "known");
        await RoundAsync();
        (await scene.Store.Alerts.ListAsync()).ShouldBeEmpty("it is still so, and somebody closed it");

        full = false;
        await RoundAsync();
        scene.Time.Advance(AlertConditions.Find(AlertConditions.StoreSpace).Calm);
        await RoundAsync();
        (await scene.Store.Alerts.WatchedAsync()).ShouldBeEmpty("it was over");

        full = true;
        scene.Time.Advance(TimeSpan.FromHours(1));
        await RoundAsync();
        (await scene.Store.Alerts.ListAsync()).ShouldHaveSingleItem().Id.ShouldNotBe(alert.Id);

        Task RoundAsync() => watch.RoundAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_mass_change_is_told_with_its_restore_until_it_is_resolved_and_is_no_more_then()
    {
        await using var scene = await AlertScene.NewAsync();
        var now = scene.Time.GetUtcNow();
        var deployment = await scene.Store.Deployments.EnsureAsync(
            new Deployment("d1", scene.Group.Id, "orders", DeploymentTypes.ReplicaSet, "mongodb://db1/", now)
        );
        var set = await scene.Store.Deployments.EnsureReplicaSetAsync(
            FactsScene.Set.Record with
            {
                Id = "r1",
                DeploymentId = deployment.Id,
                SyncId = null,
            }
        );
        var burst = await scene.Store.Radar.RecordAsync(
            new BurstSighting(
                deployment.Id,
                "shop.orders",
                BurstKinds.Drops,
                new Optime((uint)now.ToUnixTimeSeconds(), 1, 1),
                now,
                5000,
                5000,
                200,
                TimeSpan.FromMinutes(1)
            ),
            now.AddDays(7)
        );
        await scene.Store.Holds.SetAsync(
            new ReadHold(burst.HoldOf(set.Id), set.Id, "s", Optime.Zero, new string('c', 64), burst.KeptUntil)
        );
        var watch = new ConditionWatch(
            scene.Store,
            new FactsReader(
                scene.Store,
                static _ => Task.FromResult(Around(full: false)),
                scene.Time,
                new Uri("https://backup.example.org/")
            ),
            NullLogger.Instance
        );

        await watch.RoundAsync(CancellationToken.None);
        scene.Time.Advance(TimeSpan.FromDays(2));
        await watch.RoundAsync(CancellationToken.None);
        var alert = (await scene.Store.Alerts.ListAsync())
            .Where(static one => one.Condition != AlertConditions.HeadWithoutKeeper)
            .ShouldHaveSingleItem();
        (alert.Condition, alert.Severity, alert.DeploymentId).ShouldBe(
            (MassChange.Condition, AlertSeverity.Critical, deployment.Id)
        );
        var mail = string.Join(
            '\n',
            NoticeText.Lines(new TellingOf(alert, NoticeKind.Opened)).Select(static one => one.Text)
        );
        mail.ShouldContain($"The last clean second is {now.AddSeconds(-1).UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC.");
        mail.ShouldContain(
            $"backup restore rs0 --time {now.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'} --namespace shop.orders"
        );
        mail.ShouldContain("https://backup.example.org/d/d1/restore?");

        await scene.Store.Alerts.CloseAsync(alert.Id, "restored");
        await watch.RoundAsync(CancellationToken.None);
        (await scene.Store.Holds.ListAsync(set.Id)).ShouldBeEmpty();
        await watch.RoundAsync(CancellationToken.None);
        (await scene.Store.Alerts.WatchedAsync())
            .ShouldHaveSingleItem()
            .Condition.ShouldBe(AlertConditions.HeadWithoutKeeper, "no daemon runs beside this test");
    }

    [Fact]
    public async Task A_mass_change_that_nobody_resolves_is_over_with_its_time()
    {
        await using var scene = await AlertScene.NewAsync();
        var now = scene.Time.GetUtcNow();
        await scene.Store.Deployments.EnsureAsync(
            new Deployment("d1", scene.Group.Id, "orders", DeploymentTypes.ReplicaSet, "mongodb://db1/", now)
        );
        var seen = new BurstSighting(
            "d1",
            "shop.orders",
            BurstKinds.Updates,
            new Optime((uint)now.ToUnixTimeSeconds(), 1, 1),
            now,
            5000,
            5000,
            200,
            TimeSpan.FromMinutes(1)
        );
        await scene.Store.Radar.RecordAsync(seen, now.AddDays(7));
        var watch = new ConditionWatch(
            scene.Store,
            new FactsReader(scene.Store, static _ => Task.FromResult(Around(full: false)), scene.Time),
            NullLogger.Instance
        );
        await watch.RoundAsync(CancellationToken.None);
        (await scene.Store.Alerts.ListAsync()).Count.ShouldBe(1);
        scene.Time.Advance(TimeSpan.FromDays(7));
        await watch.RoundAsync(CancellationToken.None);
        (await scene.Store.Alerts.ListAsync()).ShouldBeEmpty();
    }

    private static ApplianceFacts Around(bool full) =>
        new([new DiskFacts("/data", 100L << 30, full ? 5L << 30 : 50L << 30)], [], [], "1.0");
}

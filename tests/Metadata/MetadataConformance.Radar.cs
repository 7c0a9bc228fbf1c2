using Backup.Metadata;
using Backup.Metadata.Alerting;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata;

/// <content>What is learnt of collections, and what went beyond it.</content>
public abstract partial class MetadataConformance
{
    [Fact]
    public async Task What_is_learnt_is_stored_with_how_far_it_goes()
    {
        var set = await ReplicaSetAsync();
        (await Store.Radar.FindAsync(set.Id)).ShouldBeNull();
        var radar = new RadarRecord(set.Id, 100, At(110));
        await Store.Radar.SaveAsync(radar, [new LearntRates("a.a", [1]), new LearntRates("a.b", [2])], []);
        await Store.Radar.SaveAsync(radar with { Through = At(120) }, [new LearntRates("a.b", [3])], ["a.a", "a.c"]);
        (await Store.Radar.FindAsync(set.Id)).ShouldBe(radar with { Through = At(120) });
        var rates = (await Store.Radar.RatesAsync(set.Id)).ShouldHaveSingleItem();
        (rates.Namespace, rates.Content).ShouldBe(("a.b", rates.Content));
        rates.Content.ShouldBe([3]);
        await ShouldFailAsync(
            MetadataErrors.NotThere,
            () => Store.Radar.SaveAsync(radar with { ReplicaSetId = "none" }, [], [])
        );
    }

    [Fact]
    public async Task What_several_see_of_a_namespace_is_one_burst_until_an_hour_is_quiet()
    {
        var set = await ReplicaSetAsync();
        var now = Time.GetUtcNow();
        var seen = Sighting(set, now);
        var first = await Store.Radar.RecordAsync(seen, now.AddDays(7));
        (first.Documents, first.Factor, first.HeldSets, first.EndedAt).ShouldBe((1000, 5, 0, null));
        var grown = await Store.Radar.RecordAsync(
            seen with
            {
                Kinds = BurstKinds.Drops,
                First = seen.First with { T = seen.First.T - 2 },
                LastAt = now.AddMinutes(1),
                Documents = 50,
                Most = 400,
            },
            now.AddDays(99)
        );
        grown.ShouldBe(
            first with
            {
                Kinds = BurstKinds.Deletes | BurstKinds.Drops,
                First = seen.First with { T = seen.First.T - 2 },
                LastAt = now.AddMinutes(1),
                Documents = 1050,
            }
        );
        grown.Before.ShouldBe(DateTimeOffset.FromUnixTimeSeconds(seen.First.T - 2));
        (await Store.Radar.RecordAsync(seen with { Namespace = "shop.lines" }, now.AddDays(7))).Id.ShouldNotBe(
            first.Id
        );
        var later = seen with { First = AtTime(now.AddMinutes(62)), LastAt = now.AddMinutes(62) };
        (await Store.Radar.RecordAsync(later, now.AddDays(7))).Id.ShouldNotBe(first.Id);
        (await Store.Radar.OpenAsync()).Count.ShouldBe(3);
        (await Store.Radar.FindBurstAsync(first.Id)).ShouldBe(grown);
        (await Store.Radar.FindBurstAsync("none")).ShouldBeNull();

        Time.Advance(TimeSpan.FromDays(7));
        (await Store.Radar.OpenAsync()).ShouldBeEmpty("their time is over");
        (await Store.Radar.PruneAsync(now.AddDays(7))).ShouldBe(0);
        (await Store.Radar.PruneAsync(now.AddDays(7).AddSeconds(1))).ShouldBe(3);
    }

    [Fact]
    public async Task A_burst_whose_alert_is_resolved_is_ended_and_holds_nothing_any_more()
    {
        var set = await ReplicaSetAsync();
        var now = Time.GetUtcNow();
        var burst = await Store.Radar.RecordAsync(Sighting(set, now), now.AddDays(7));
        var other = await Store.Radar.RecordAsync(Sighting(set, now) with { Namespace = "a.b" }, now.AddDays(7));
        foreach (var id in new[] { burst.HoldOf(set.Id), other.HoldOf(set.Id), "reader" })
        {
            await Store.Holds.SetAsync(new ReadHold(id, set.Id, "s", At(100), new string('c', 64), now.AddDays(7)));
        }

        (await Store.Radar.FindBurstAsync(burst.Id))!.HeldSets.ShouldBe(1);
        await Store.Alerts.RaiseAsync(new AlertRaise(MassChange.Condition, burst.Id, "BK8844", "m", "h"));
        (await Store.Radar.EndResolvedAsync()).ShouldBe(0, "it is open");
        var alert = (await Store.Alerts.ListAsync()).ShouldHaveSingleItem();
        await Store.Alerts.CloseAsync(alert.Id, "restored");
        (await Store.Alerts.WatchedAsync()).ShouldHaveSingleItem().Id.ShouldBe(alert.Id);
        (await Store.Radar.EndResolvedAsync()).ShouldBe(1);
        (await Store.Radar.EndResolvedAsync()).ShouldBe(0);

        var ended = (await Store.Radar.FindBurstAsync(burst.Id))!;
        (ended.EndedAt, ended.HeldSets).ShouldBe((now, 0));
        (await Store.Radar.OpenAsync()).ShouldHaveSingleItem().Id.ShouldBe(other.Id);
        (await Store.Holds.ListAsync(set.Id)).Select(static one => one.Id).ShouldBe([other.HoldOf(set.Id), "reader"]);
        (await Store.Holds.ListAsync(set.Id)).Select(static one => one.IsOfBurst).ShouldBe([true, false]);

        // What comes again is a burst of its own: that one is settled.
        (await Store.Radar.RecordAsync(Sighting(set, now), now.AddDays(7))).Id.ShouldNotBe(burst.Id);
        await Store.Alerts.ResolveAsync(MassChange.Condition, burst.Id);
        (await Store.Alerts.WatchedAsync()).ShouldBeEmpty("it was over once");
    }

    [Fact]
    public async Task How_long_it_is_kept_has_a_range()
    {
        (await RadarSettings.KeptAsync(Store.Settings)).ShouldBe(RadarSettings.Default);
        await RadarSettings.SetKeptAsync(Store.Settings, TimeSpan.FromDays(90));
        (await RadarSettings.KeptAsync(Store.Settings)).ShouldBe(TimeSpan.FromDays(90));
        foreach (var wrong in new[] { TimeSpan.FromMinutes(59), TimeSpan.FromDays(91) })
        {
            await ShouldFailAsync(
                MetadataErrors.RadarKeptRange,
                () => RadarSettings.SetKeptAsync(Store.Settings, wrong)
            );
        }
    }

    private static BurstSighting Sighting(ReplicaSetRecord set, DateTimeOffset now) =>
        new(
            set.DeploymentId,
            "shop.orders",
            BurstKinds.Deletes,
            AtTime(now),
            now,
            1000,
            1000,
            200,
            TimeSpan.FromMinutes(1)
        );

    private static Foundation.Optime AtTime(DateTimeOffset at) => new((uint)at.ToUnixTimeSeconds(), 1, 1);
}

using Backup.Daemon.Radar;
using Backup.Foundation;
using Backup.Metadata.Alerting;
using Backup.MongoWire.Bson;
using Backup.Oplog;
using Backup.Oplog.Catalogues;
using Shouldly;
using Xunit;

namespace Backup.Tests.Daemon.Radar;

/// <summary>What is noticed, and since when, by the clock of the oplog alone.</summary>
public sealed class RateRadarTests
{
    private const uint Start = 20_000 * 86400;
    private const uint Hour = 3600;
    private const uint Day = 86400;
    private const double Least = MassChange.Warning;
    private const string Id = "d";

    private static readonly CatalogueCollection Orders = Collection("shop", "orders");

    private readonly RateRadar _radar = new("r", static _ => 50_000) { IsOn = true };

    [Fact]
    public void A_mass_delete_is_noticed_with_the_second_in_which_it_began()
    {
        Grown();
        Delete(Start + (3 * Day) + 125, 1);
        Delete(Start + (3 * Day) + 300, 400);
        Delete(Start + (3 * Day) + 301, 4000);
        Delete(Start + (3 * Day) + 302, 1000);
        var seen = Take().ShouldHaveSingleItem();
        (seen.Namespace, seen.Kinds, seen.Documents).ShouldBe(("shop.orders", BurstKinds.Deletes, 5400));
        seen.First.T.ShouldBe(Start + (3 * Day) + 300);
        seen.Most.ShouldBe(5400);
        seen.Usual.ShouldBe(Burst.MinuteFloor);
        Take().ShouldBeEmpty("it was told");
        Delete(Start + (3 * Day) + 310, 700);
        Take().ShouldHaveSingleItem().Documents.ShouldBe(700, "what came since");
    }

    [Theory]
    [InlineData(600, 0)]
    [InlineData(601, 1)]
    public void A_small_collection_does_not_cry(int documents, int noticed)
    {
        Grown();
        Delete(Start + (3 * Day), documents);
        Take().Count.ShouldBe(noticed);
    }

    [Fact]
    public void While_little_is_learnt_more_is_let_pass()
    {
        Delete(Start, 1);
        Delete(Start + 590, 6001);
        Take().ShouldBeEmpty("nothing can be said of rates yet");
        Delete(Start + Hour, 6000);
        Take().ShouldBeEmpty();
        Delete(Start + (2 * Hour), 6001);
        Take().ShouldHaveSingleItem().Usual.ShouldBe(2000);
    }

    [Fact]
    public void A_busy_source_does_not_cry_on_its_first_day()
    {
        for (var at = Start; at < Start + (2 * Day); at += 20)
        {
            // By night a tenth of what it is by day; the morning takes four hours.
            var morning = Math.Clamp((int)(at % Day) - (int)(6 * Hour), 0, 4 * (int)Hour);
            See(Orders, WatchedOperation.Update, at, 300 + (2700 * morning / (4 * (int)Hour)));
        }

        Take().ShouldBeEmpty();
        See(Orders, WatchedOperation.Update, Start + (2 * Day), 150_000);
        Take().ShouldHaveSingleItem();
    }

    [Fact]
    public void A_drop_is_noticed_from_the_first_second_on()
    {
        _radar.SeeAllGo(Orders, 601, At(Start));
        Take().ShouldHaveSingleItem().First.ShouldBe(At(Start));
    }

    [Fact]
    public void What_was_just_filled_in_may_go_again()
    {
        Grown();
        var staging = Collection("shop", "staging");
        See(staging, WatchedOperation.Insert, Start + (3 * Day), 30_000);
        See(staging, WatchedOperation.Update, Start + (3 * Day) + 100, 30_000);
        See(staging, WatchedOperation.Delete, Start + (3 * Day) + 200, 30_000);
        Take().ShouldBeEmpty();
        See(staging, WatchedOperation.Delete, Start + (3 * Day) + 300, 95_000);
        Take().ShouldHaveSingleItem("more than ever came");
    }

    [Fact]
    public void What_goes_on_for_ever_is_one_burst_for_an_hour_and_usual_then()
    {
        for (var at = Start; at < Start + Day; at += Hour)
        {
            Delete(at, 1);
        }

        var noticed = 0L;
        for (var at = Start + Day; at < Start + (2 * Day); at += 10)
        {
            Delete(at, 1000);
            noticed += Take().Sum(static one => one.Documents);
        }

        noticed.ShouldBeInRange(4L * 360_000, 6L * 360_000, "in the fifth hour it is learnt");
    }

    [Fact]
    public void Begun_at_the_end_of_a_second_with_few_it_began_then()
    {
        Grown();
        Delete(Start + (3 * Day), 2);
        Delete(Start + (3 * Day) + 1, 5000);
        Take().ShouldHaveSingleItem().First.T.ShouldBe(Start + (3 * Day));
    }

    [Fact]
    public void A_slow_one_is_noticed_within_the_hour_and_began_before_it()
    {
        Grown();
        var begin = Start + (3 * Day) + 3000;
        for (var second = 0u; second < 2600; second++)
        {
            Delete(begin + second, 2);
        }

        var seen = Take().ShouldHaveSingleItem();
        seen.Span.ShouldBe(TimeSpan.FromHours(1));
        seen.First.T.ShouldBe(begin, "the hour before had more than is usual, too");
    }

    [Fact]
    public void What_is_deleted_every_minute_is_learnt_on_the_first_day()
    {
        var noticed = 0;
        for (var at = Start; at < Start + (2 * Day); at += 60)
        {
            Delete(at, 5000);
            noticed += Take().Count;
        }

        noticed.ShouldBe(0, "less than is let pass on the first day, and learnt by then");
        Delete(Start + (2 * Day), 25_000);
        Take().ShouldHaveSingleItem().Usual.ShouldBeInRange(5000, 5600);
    }

    [Fact]
    public void A_nightly_purge_is_an_alert_three_times_and_then_no_more()
    {
        Grown();
        List<int> nights = [];
        for (var night = 3u; night < 10; night++)
        {
            for (var second = 0u; second < 60; second++)
            {
                Delete(Start + (night * Day) + (2 * Hour) + second, 2000);
            }

            nights.Add(Take().Count);
        }

        nights.ShouldBe([1, 1, 1, 0, 0, 0, 0]);
    }

    [Fact]
    public void Overwrites_are_noticed_and_inserts_are_not()
    {
        Grown();
        See(Orders, WatchedOperation.Insert, Start + (3 * Day), 100_000);
        Take().ShouldBeEmpty();
        See(Orders, WatchedOperation.Update, Start + (3 * Day) + 60, 100_000);
        Take().ShouldHaveSingleItem().Kinds.ShouldBe(BurstKinds.Updates);
    }

    [Fact]
    public void What_a_ttl_index_deletes_as_fast_as_it_came_is_usual()
    {
        var sessions = Collection("shop", "sessions", ttl: true);
        for (var at = Start; at < Start + (3 * Day); at += 600)
        {
            See(sessions, WatchedOperation.Insert, at, 5000);
        }

        See(sessions, WatchedOperation.Delete, Start + (3 * Day), 30_000);
        Take().ShouldBeEmpty();
        See(Orders, WatchedOperation.Delete, Start + (3 * Day), 30_000);
        Take().ShouldHaveSingleItem().Namespace.ShouldBe("shop.orders");
    }

    [Fact]
    public void A_drop_counts_as_many_documents_as_it_had()
    {
        Grown();
        _radar.SeeAllGo(Orders, 400, At(Start + (3 * Day)));
        Take().ShouldBeEmpty();
        _radar.SeeAllGo(Collection("shop", "lines"), 10_000, At(Start + (3 * Day) + Hour));
        var seen = Take().ShouldHaveSingleItem();
        (seen.Namespace, seen.Kinds, seen.Documents).ShouldBe(("shop.lines", BurstKinds.Drops, 10_000));
        _radar.SeeAllGo(Collection("other", "untold"), null, At(Start + (3 * Day) + (2 * Hour)));
        Take().ShouldHaveSingleItem().Documents.ShouldBe(50_000, "about as many as the head has");
    }

    [Fact]
    public void Of_a_dropped_database_there_is_one()
    {
        Grown();
        foreach (var name in Enumerable.Range(0, 40))
        {
            _radar.SeeAllGo(Collection("shop", $"c{name}"), 100, At(Start + (3 * Day) + 1));
        }

        _radar.SeeAllGo(Collection("shop", "large"), 5000, At(Start + (3 * Day) + 2));
        var seen = Take().ShouldHaveSingleItem();
        (seen.Namespace, seen.Documents, seen.First.T).ShouldBe(("shop.*", 9000, Start + (3 * Day) + 1));
    }

    [Fact]
    public void What_servers_do_for_themselves_is_not_looked_at()
    {
        Grown();
        See(Collection("config", "transactions"), WatchedOperation.Delete, Start + (3 * Day), 90_000);
        See(Collection("shop", "tmp.agg_out.1"), WatchedOperation.Delete, Start + (3 * Day), 90_000);
        See(Collection("shop", "log", capped: true), WatchedOperation.Delete, Start + (3 * Day), 90_000);
        Take().ShouldBeEmpty();
    }

    [Fact]
    public void What_was_learnt_outlives_a_restart_and_nothing_is_counted_twice()
    {
        for (var at = Start; at < Start + (2 * Day); at += 60)
        {
            Delete(at, 5000);
        }

        _radar.Settle();
        var (radar, changed, _) = _radar.Describe(At(Start + (2 * Day) - 60));
        var again = new RateRadar("r", static _ => 0);
        again.Load(radar, changed);
        again.CountedBefore.ShouldBe(At(Start + (2 * Day) - 60));
        again.IsOn = true;
        Repeat(again, Orders, WatchedOperation.Delete, Start + (2 * Day) + 60, 5000);
        again.Settle();
        again.TakeSightings(Id, Least).ShouldBeEmpty();
        Repeat(again, Orders, WatchedOperation.Delete, Start + (2 * Day) + 120, 30_000);
        again.Settle();
        again.TakeSightings(Id, Least).ShouldHaveSingleItem();
    }

    [Fact]
    public void Bytes_that_are_not_ours_are_learnt_again()
    {
        _radar.Load(
            new RadarRecord("r", Start, At(Start)),
            [new LearntRates("shop.orders", [9, 9]), new LearntRates("shop.lines", new byte[CollectionRates.Length])]
        );
        _radar.Collections.ShouldBe(0);
    }

    [Fact]
    public void However_many_collections_there_are_so_many_are_known()
    {
        Delete(Start, 100_000);
        for (var one = 0u; one < 3 * RateRadar.MostCollections; one++)
        {
            See(Collection("many", $"c{one}"), WatchedOperation.Insert, Start + (Hour * 2) + one, 1);
        }

        _radar.Collections.ShouldBeLessThanOrEqualTo(RateRadar.MostCollections + 1);
        var (_, _, forgotten) = _radar.Describe(At(Start + Day));
        forgotten.ShouldNotBeEmpty();
        forgotten.ShouldBeUnique();
    }

    /// <summary>A source of which enough is known: the first day is over.</summary>
    private void Grown() => See(Orders, WatchedOperation.Insert, Start, 1);

    private void Delete(uint second, int documents) => See(Orders, WatchedOperation.Delete, second, documents);

    private void See(CatalogueCollection collection, WatchedOperation operation, uint second, int documents) =>
        Repeat(_radar, collection, operation, second, documents);

    private static void Repeat(
        RateRadar radar,
        CatalogueCollection collection,
        WatchedOperation operation,
        uint second,
        int documents
    )
    {
        for (var one = 0u; one < documents; one++)
        {
            radar.See(collection, operation, new Optime(second, one + 1, 1));
        }
    }

    private IReadOnlyList<BurstSighting> Take()
    {
        _radar.Settle();
        return _radar.TakeSightings(Id, Least);
    }

    private static Optime At(uint second) => new(second, 1, 1);

    private static CatalogueCollection Collection(
        string database,
        string name,
        bool ttl = false,
        bool capped = false
    ) =>
        new(
            Guid.NewGuid(),
            database,
            name,
            CollectionType.Collection,
            capped ? BsonDocument.Build(static w => w.Boolean("capped"u8, true)) : BsonDocument.Empty,
            ttl ? [BsonDocument.Build(static w => w.Int32("expireAfterSeconds"u8, 60))] : []
        );
}

using Backup.Daemon.Heads;
using Backup.Foundation;
using Backup.MongoWire.Bson;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;
using Xunit;

namespace Backup.Tests.Daemon.Heads;

public sealed class HeadBellTests
{
    private static readonly Guid Orders = Guid.NewGuid();
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task A_slice_wakes_its_head_and_no_other()
    {
        await using var fixture = await DaemonFixture.CreateAsync();
        await fixture.Source.RegisterAsync();
        fixture.Source.Lists("shop.orders", Orders);
        await fixture.Source.BeginAsync("sync", At(1));
        await using var bell = new HeadBell(fixture.Metadata, TimeProvider.System, NullLogger.Instance);
        using var mine = bell.Open("sync");
        using var other = bell.Open("another sync");
        bell.Count.ShouldBe(2);

        var waiting = mine.WaitAsync(mine.Seen, Long, TimeProvider.System, default);
        var sleeping = other.WaitAsync(other.Seen, Long, TimeProvider.System, default);
        await fixture.Source.ShipAsync(Insert(2));
        await waiting.WaitAsync(TimeSpan.FromSeconds(30));
        mine.Seen.Newest.ShouldBe(At(2));

        // What came between a look and the wait is not missed.
        var seen = mine.Seen;
        await fixture.Source.ShipAsync(Insert(3));
        await mine.WaitAsync(seen, Long, TimeProvider.System, default).WaitAsync(TimeSpan.FromSeconds(30));
        mine.Seen.Newest.ShouldBe(At(3));
        sleeping.IsCompleted.ShouldBeFalse();

        other.Ring();
        await sleeping.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_ring_between_a_look_and_the_wait_is_not_missed()
    {
        await using var fixture = await DaemonFixture.CreateAsync();
        await using var bell = new HeadBell(fixture.Metadata, TimeProvider.System, NullLogger.Instance);
        using var line = bell.Open("sync");
        var seen = line.Seen;
        line.Ring();
        await line.WaitAsync(seen, Long, TimeProvider.System, default).WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_line_that_was_closed_takes_no_other_with_it()
    {
        await using var fixture = await DaemonFixture.CreateAsync();
        await using var bell = new HeadBell(fixture.Metadata, TimeProvider.System, NullLogger.Instance);
        var before = bell.Open("sync");
        using var now = bell.Open("sync");
        before.Dispose();
        bell.Count.ShouldBe(1);
    }

    private static Optime At(uint second) => new(second, 1, 1);

    private static BsonDocument Insert(uint second) =>
        StoredSource.Insert(At(second), "shop.orders", Orders, StoredSource.Document((int)second, "text"));
}

using Backup.Daemon.Placement;
using Backup.Metadata;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Daemon.Placement;

public sealed class DaemonWatchTests
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(20);

    private readonly ManualTime _time = new();

    [Fact]
    public void Signs_of_life_that_stand_still_for_too_long_are_silence_whatever_the_clocks_of_others_say()
    {
        var watch = new DaemonWatch(Silence, _time);
        watch.Live([Seen("a", 7)]).Count.ShouldBe(1, "at first sight it may be alive");
        _time.Advance(Silence);
        watch.Live([Seen("a", 7)]).Count.ShouldBe(1);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        watch.Live([Seen("a", 7) with { SeenAt = _time.GetUtcNow() }]).ShouldBeEmpty();
        watch.Live([Seen("a", 8)]).Count.ShouldBe(1);
        _time.Advance(Silence * 2);
        watch.Live([Seen("a", 8, session: "next")]).Count.ShouldBe(1, "another run began");
    }

    [Fact]
    public void Who_says_that_it_stops_is_not_there_at_once()
    {
        new DaemonWatch(Silence, _time).Live([Seen("a", 1) with { StoppedAt = _time.GetUtcNow() }]).ShouldBeEmpty();
    }

    private static DaemonRecord Seen(string id, long renewals, string session = "run") =>
        new(new DaemonReport(id, session, "host", "1", 100, 1, default), false, renewals, default, null);
}

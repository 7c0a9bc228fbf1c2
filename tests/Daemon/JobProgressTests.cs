using Backup.Daemon.Jobs;
using Backup.Metadata;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Daemon;

/// <summary>How far a job is, and how fast.</summary>
public sealed class JobProgressTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void The_rate_is_that_of_the_last_seconds_and_what_stands_still_becomes_slow()
    {
        var progress = new JobProgress(_time);
        for (var second = 0; second <= 60; second++)
        {
            // Slow at first, fast from half a minute on.
            progress.Report("sending", second <= 30 ? second : 30 + (second - 30) * 1000, 100_000);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        progress.Now.BytesPerSecond.ShouldBeInRange(850, 1050);
        (progress.Now.Bytes, progress.Now.ExpectedBytes, progress.Now.Share).ShouldBe((30_030, 100_000, 0.3003));
        _time.Advance(TimeSpan.FromSeconds(8));
        progress.Now.BytesPerSecond.ShouldBeLessThan(500);
        _time.Advance(TimeSpan.FromMinutes(1));
        progress.Now.BytesPerSecond.ShouldBeLessThan(100);
    }

    [Fact]
    public void A_phase_that_counts_from_the_start_again_has_a_rate_of_its_own()
    {
        var progress = new JobProgress(_time);
        progress.Report("sending", 1_000_000, 1_000_000);
        _time.Advance(TimeSpan.FromSeconds(1));
        progress.Report("comparing", 0, 1_000_000);
        _time.Advance(TimeSpan.FromSeconds(2));
        progress.Report("comparing", 200, 1_000_000);
        progress.Now.BytesPerSecond.ShouldBe(100);
        progress.Report("waiting", 0.5);
        progress.Now.ShouldBe(new JobReport("waiting", 0.5) { BytesPerSecond = progress.Now.BytesPerSecond });
    }

    [Fact]
    public void Each_phase_is_a_line_and_lines_are_taken_once_the_newest_of_too_many()
    {
        var progress = new JobProgress(_time);
        progress.Report("reading a", 0.1);
        progress.Report("reading a", 0.2);
        progress.Report("reading b", 0.3);
        progress.Log("BK1 broken", isTrouble: true);
        progress.TakeLines().Select(static one => one.Text).ShouldBe(["reading a", "reading b", "BK1 broken"]);
        progress.TakeLines().ShouldBeEmpty();
        for (var n = 0; n < JobLog.MostLines + 7; n++)
        {
            progress.Log($"{n}");
        }

        var lines = progress.TakeLines();
        (lines.Count, lines[0].Text).ShouldBe((JobLog.MostLines, "7"));
    }
}

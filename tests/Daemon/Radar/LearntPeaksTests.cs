using Backup.Daemon.Radar;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Backup.Tests.Daemon.Radar;

public sealed class LearntPeaksTests
{
    private const int Today = 20_000 * 24;

    [Fact]
    public void What_comes_every_hour_is_usual_after_four_of_them()
    {
        var peaks = new LearntPeaks();
        var known = new List<long>();
        for (var hour = 0; hour < 6; hour++)
        {
            peaks.Advance(Today + hour);
            known.Add(peaks.Usual);
            peaks.Note(5000);
        }

        known[..4].ShouldAllBe(static one => one == 0);
        known[4..].ShouldAllBe(static one => one >= 5000 && one <= 5520);
    }

    [Fact]
    public void A_nightly_job_is_usual_after_three_nights_and_stays_so_for_four_weeks()
    {
        var peaks = new LearntPeaks();
        for (var night = 0; night < 3; night++)
        {
            Day(peaks, night, 1_000_000);
            peaks.Advance(Today + (night * 24) + 3);
        }

        peaks.Advance(Today + (3 * 24));
        peaks.Usual.ShouldBeInRange(1_000_000, 1_110_000);
        peaks.Advance(Today + (27 * 24));
        peaks.Usual.ShouldBeInRange(1_000_000, 1_110_000);
        peaks.Advance(Today + (28 * 24));
        peaks.Usual.ShouldBe(0, "only two of the nights are left");
    }

    [Fact]
    public void An_accident_and_another_one_are_not_usual()
    {
        var peaks = new LearntPeaks();
        Day(peaks, 0, 9_000_000);
        Day(peaks, 5, 9_000_000);
        peaks.Advance(Today + (6 * 24));
        peaks.Usual.ShouldBe(0);
    }

    [Fact]
    public void A_count_is_kept_rounded_up_by_a_tenth_at_most() =>
        Prop.ForAll<uint>(static count =>
            {
                var kept = LearntPeaks.Decode(LearntPeaks.Encode(count));
                return kept >= count && kept <= (count * 1.105) + 1;
            })
            .QuickCheckThrowOnFailure();

    [Fact]
    public void What_is_read_again_knows_the_same() =>
        Prop.ForAll<uint[], byte>(KnowsTheSame).QuickCheckThrowOnFailure();

    private static bool KnowsTheSame(uint[] counts, byte restart)
    {
        var (through, read) = (new LearntPeaks(), new LearntPeaks());
        for (var hour = 0; hour < counts.Length; hour++)
        {
            through.Advance(Today + hour);
            read.Advance(Today + hour);
            if (hour % 7 == restart % 7)
            {
                var bytes = new byte[LearntPeaks.Length];
                read.Write(bytes);
                read = new LearntPeaks();
                read.Read(bytes, Today + hour);
            }

            through.Note(counts[hour]);
            read.Note(counts[hour]);
        }

        through.Advance(Today + counts.Length);
        read.Advance(Today + counts.Length);
        return through.Usual == read.Usual;
    }

    private static void Day(LearntPeaks peaks, int day, long count)
    {
        peaks.Advance(Today + (day * 24) + 2);
        peaks.Note(count);
    }
}

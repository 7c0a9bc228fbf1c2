using Backup.Foundation;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Backup.Tests.Foundation;

public class OptimeTests
{
    [Fact]
    public void Text_and_timestamp_give_the_same_optime_back() =>
        Prop.ForAll<uint, uint>(
                (t, i) =>
                {
                    var optime = new Optime(t, i);
                    Optime.TryParse(optime.ToString(), out var parsed).ShouldBeTrue();
                    parsed.ShouldBe(optime);
                    Optime.FromTimestamp(optime.Timestamp).ShouldBe(optime);
                }
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Order_is_seconds_then_ordinal_and_never_the_term() =>
        Prop.ForAll<(uint T, uint I, long Term), (uint T, uint I, long Term)>(
                (left, right) =>
                {
                    var one = new Optime(left.T, left.I, left.Term);
                    var other = new Optime(right.T, right.I, right.Term);
                    var expected = (left.T, left.I).CompareTo((right.T, right.I));
                    Math.Sign(one.CompareTo(other)).ShouldBe(Math.Sign(expected));
                    (one < other).ShouldBe(expected < 0);
                    (one > other).ShouldBe(expected > 0);
                    (one <= other).ShouldBe(expected <= 0);
                    (one >= other).ShouldBe(expected >= 0);
                }
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void Seconds_beyond_2038_are_unsigned()
    {
        var late = new Optime(uint.MaxValue, 1);
        (late > new Optime(int.MaxValue, 1)).ShouldBeTrue();
        late.WallClock.Year.ShouldBe(2106);
    }

    [Theory]
    [InlineData("1700000000,3", true)]
    [InlineData(" 1700000000 , 3 ", true)]
    [InlineData("4294967295,4294967295", true)]
    [InlineData("", false)]
    [InlineData("1700000000", false)]
    [InlineData(",", false)]
    [InlineData("1,", false)]
    [InlineData("-1,0", false)]
    [InlineData("+1,0", false)]
    [InlineData("1,2,3", false)]
    [InlineData("4294967296,0", false)]
    [InlineData("1.5,0", false)]
    [InlineData("a,b", false)]
    public void Only_two_numbers_of_32_bits_are_an_optime(string text, bool valid) =>
        Optime.TryParse(text, out _).ShouldBe(valid);
}

using Backup.Foundation.Memory;
using Shouldly;
using Xunit;

namespace Backup.Tests.Foundation;

public sealed class NativeListTests
{
    [Fact]
    public void What_is_in_it_stays_while_it_grows()
    {
        using var list = new NativeList<(long Left, int Right)>();
        for (var i = 0; i < 100_000; i++)
        {
            list.Add((i, -i)).ShouldBe(i);
        }

        list[77_777].Right = 5;

        list.Count.ShouldBe(100_000);
        list.Bytes.ShouldBe(1_600_000);
        Enumerable.Range(0, list.Count).All(i => list[i] == (i, i == 77_777 ? 5 : -i)).ShouldBeTrue();
    }

    [Fact]
    public void There_is_nothing_beyond_its_end_nor_after_it_is_disposed()
    {
        var list = new NativeList<int>();
        list.Add(1);

        Should.Throw<ArgumentOutOfRangeException>(() => list[1]);
        Should.Throw<ArgumentOutOfRangeException>(() => list[-1]);
        list.Dispose();
        list.Bytes.ShouldBe(0);
        Should.Throw<ArgumentOutOfRangeException>(() => list[0]);
    }
}

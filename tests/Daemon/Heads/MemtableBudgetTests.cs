using Backup.Daemon.Heads;
using Shouldly;
using Xunit;

namespace Backup.Tests.Daemon.Heads;

public sealed class MemtableBudgetTests
{
    [Fact]
    public void Beyond_the_budget_those_flush_that_hold_much()
    {
        var budget = new MemtableBudget(1000);
        using var large = budget.Open();
        using var small = budget.Open();
        large.Holds(900).ShouldBeFalse();
        small.Holds(100).ShouldBeFalse("all of them hold what they may");
        small.Holds(101).ShouldBeFalse("a flush of it would give back next to nothing");
        large.Holds(901).ShouldBeTrue();
        large.Holds(0).ShouldBeFalse();
        budget.Total.ShouldBe(101);
    }

    [Fact]
    public void Of_many_that_hold_little_somebody_flushes_all_the_same()
    {
        var budget = new MemtableBudget(1000);
        var all = Enumerable.Range(0, 100).Select(_ => budget.Open()).ToList();
        var most = 0L;
        var random = new Random(1);
        for (var step = 0; step < 10_000; step++)
        {
            var share = all[random.Next(all.Count)];
            var held = random.Next(1, 60);
            if (share.Holds(held))
            {
                _ = share.Holds(0);
            }

            most = Math.Max(most, budget.Total);
        }

        // One more step of each is the most that anybody can be beyond it.
        most.ShouldBeLessThan(1000 + (100 * 20));
    }

    [Fact]
    public void What_a_closed_head_held_is_given_back()
    {
        var budget = new MemtableBudget(1000);
        var share = budget.Open();
        _ = share.Holds(700);
        share.Dispose();
        share.Dispose();
        budget.Total.ShouldBe(0);
    }
}

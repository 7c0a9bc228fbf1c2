using FsCheck;
using FsCheck.Fluent;
using Shouldly;
using Xunit;

namespace Backup.Tests.Blockstore;

/// <summary>
/// Writers, readers, a head, commits, expiries, grooms and kills in any order, and in the midst of grooms: nothing that somebody needs is ever lost, and
/// all that nobody needs goes in the end.
/// </summary>
public sealed class GroomModelTests
{
    [Fact]
    public void What_is_needed_stays_and_all_else_goes() =>
        Prop.ForAll(
                Gen.Choose(0, int.MaxValue).ToArbitrary(),
                Gen.Choose(0, 15).ListOf(80).ToArbitrary(),
                static (seed, steps) =>
                {
                    using var world = new GroomWorld(seed);
                    foreach (var step in steps)
                    {
                        world.Act(step);
                    }

                    world.ExpectNothingElse();
                }
            )
            .Check(Config.QuickThrowOnFailure.WithMaxTest(25));

    [Fact]
    public void Packs_are_removed_and_put_together_and_kills_are_looked_at_on_the_way()
    {
        using var world = new GroomWorld(7);
        var random = new Random(7);
        for (var step = 0; step < 400; step++)
        {
            world.Act(random.Next(16));
        }

        world.Counts.Removed.ShouldBeGreaterThan(5);
        world.Counts.Compacted.ShouldBeGreaterThan(5);
        world.Counts.Kills.ShouldBeGreaterThan(20);
    }
}

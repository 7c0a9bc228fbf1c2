using Backup.MongoWire.Client;
using Shouldly;

namespace Backup.Tests.EndToEnd.Faults;

/// <summary>The members of the source: killed, hanging, cut off, elected again and again, with a clock that jumps.</summary>
internal static class SourceFaults
{
    private const int Secondary = 2;
    private static readonly TimeSpan Jump = TimeSpan.FromHours(1);

    internal static IReadOnlyList<FaultKind> All =>
        [
            new("kill -9 primary", _ => true, KillPrimaryAsync),
            new("kill -9 secondary", _ => true, KillSecondaryAsync),
            new("a member hangs", _ => true, HangAsync),
            new("election storm", _ => true, ElectAsync),
            new(
                "the primary is cut off and rolls back",
                schedule => schedule.Source.Sandbox is not null,
                RollBackAsync
            ),
            new("the source's clock jumps", schedule => schedule.Source.Clock is not null, JumpAsync),
        ];

    private static async Task KillPrimaryAsync(FaultSchedule schedule)
    {
        var set = schedule.Source.Set;
        var primary = await set.PrimaryAsync();
        await set.KillAsync(primary);
        try
        {
            await schedule.Load.WaitAsync(20, schedule.Patience);
        }
        finally
        {
            await set.ReviveAsync(primary);
        }

        await set.WaitForStateAsync(primary, Secondary);
    }

    private static async Task KillSecondaryAsync(FaultSchedule schedule)
    {
        var set = schedule.Source.Set;
        var number = await SecondaryAsync(schedule);
        await set.KillAsync(number);
        try
        {
            await schedule.Load.WaitAsync(20, schedule.Patience);
        }
        finally
        {
            await set.ReviveAsync(number);
        }

        await set.WaitForStateAsync(number, Secondary);
    }

    private static async Task HangAsync(FaultSchedule schedule)
    {
        var set = schedule.Source.Set;
        var number = schedule.Random.Next(set.Count);
        await set.FreezeAsync(number);
        try
        {
            await schedule.Load.WaitAsync(20, schedule.Patience);
        }
        finally
        {
            await set.ThawAsync(number);
        }
    }

    private static async Task ElectAsync(FaultSchedule schedule)
    {
        var before = await TermAsync(schedule);
        for (var election = schedule.Random.Next(2, 5); election > 0; election--)
        {
            await StepDownAsync(schedule);
            await schedule.Load.WaitAsync(5, schedule.Patience);
        }

        FaultSchedule.Hit(await TermAsync(schedule) >= before + 2, "nobody was elected");
    }

    private static async Task StepDownAsync(FaultSchedule schedule)
    {
        try
        {
            var primary = await schedule.Source.Set.PrimaryAsync();
            _ = await schedule.Source.Set.RunAsync(
                primary,
                "admin",
                """{"replSetStepDown":1,"secondaryCatchUpPeriodSecs":1,"force":true}"""
            );
        }
        catch (Foundation.Errors.BackupException)
        {
            // Another one was elected just now, or the connection was closed for an answer; the terms tell.
        }
    }

    private static async Task RollBackAsync(FaultSchedule schedule)
    {
        var sandbox = schedule.Source.Sandbox!;
        var number = await schedule.Source.Set.PrimaryAsync();
        var node = sandbox.Nodes[number];
        var before = node.RolledBack.Count;
        sandbox.CutOff(number, true);
        try
        {
            // What nobody else will have, and what no backup may hold: the model knows nothing of it.
            var lost = 0;
            for (var n = 0; n < 20; n++)
            {
                try
                {
                    await schedule.Source.Set.RunAsync(
                        number,
                        "ledger",
                        $$"""{"insert":"entries","documents":[{"_id":"lost-{{Guid.NewGuid()}}"}]}"""
                    );
                    lost++;
                }
                catch (CommandException refused) when (refused.ServerCode == 10107)
                {
                    break;
                }
            }

            FaultSchedule.Hit(lost > 0, "the primary took nothing that could be lost");
            await schedule.Load.WaitAsync(20, schedule.Patience);
        }
        finally
        {
            sandbox.CutOff(number, false);
        }

        await schedule.WithinAsync("the old primary rolls back", () => Task.FromResult(node.RolledBack.Count > before));
    }

    /// <summary>Forward by an hour, or back again: timestamps never go back.</summary>
    private static async Task JumpAsync(FaultSchedule schedule)
    {
        var before = schedule.Source.Sandbox!.LastOptime;
        schedule.Source.Clock!.Jump(schedule.HasJumped ? -Jump : Jump);
        schedule.HasJumped = !schedule.HasJumped;
        await schedule.Load.WaitAsync(20, schedule.Patience);
        var after = schedule.Source.Sandbox.LastOptime;
        after.ShouldBeGreaterThan(before);
        FaultSchedule.Hit(!schedule.HasJumped || after.T - before.T >= Jump.TotalSeconds, "the clock did not jump");
    }

    private static async Task<int> SecondaryAsync(FaultSchedule schedule)
    {
        var primary = await schedule.Source.Set.PrimaryAsync();
        var others = Enumerable.Range(0, schedule.Source.Set.Count).Where(number => number != primary).ToList();
        return others[schedule.Random.Next(others.Count)];
    }

    private static async Task<long> TermAsync(FaultSchedule schedule)
    {
        var terms = new List<long>();
        for (var number = 0; number < schedule.Source.Set.Count; number++)
        {
            var status = await schedule.Source.Set.RunAsync(number, "admin", """{"replSetGetStatus":1}""");
            terms.Add(status.View["term"u8].ToInt64());
        }

        return terms.Max();
    }
}

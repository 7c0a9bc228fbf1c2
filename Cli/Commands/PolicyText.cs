using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary>How policies are shown.</summary>
internal static class PolicyText
{
    internal static void Print(PolicyView policy)
    {
        Console.Out.WriteLine($"{(policy.CheckpointSeconds is null ? "replica set" : "cluster")} {policy.ReplicaSet}");
        var from = policy.At is { } at ? $" from {at} ({policy.Zone})" : "";
        Console.Out.WriteLine(
            $"  a snapshot every {Length(policy.IntervalSeconds)}{from}, the next one is due at {policy.NextDue:u}"
        );
        PrintRows(policy);
        Console.Out.WriteLine(
            policy.WindowSeconds == 0
                ? "  no moments between snapshots are kept"
                : $"  every moment of the last {Length(policy.WindowSeconds)} can be restored ('backup ranges {policy.ReplicaSet}')"
        );
        if (policy.CheckpointSeconds is { } seconds)
        {
            Console.Out.WriteLine(
                seconds == 0
                    ? "  no checkpoints between snapshots"
                    : $"  a checkpoint every {Length(seconds)}: a moment with the balancer at rest"
            );
            Console.Out.WriteLine(
                policy.Balancer == "refuse"
                    ? "  no snapshot is taken while the balancer cannot be stopped"
                    : "  a snapshot whose balancer could not be stopped is flagged"
            );
        }
    }

    internal static void Print(PolicyPreviewView preview)
    {
        Console.Out.WriteLine("Nothing is changed. It would be:");
        Print(preview.Policy);
        Console.Out.WriteLine($"  the next ones are due ({preview.Policy.Zone}):");
        foreach (var due in preview.NextDue)
        {
            Console.Out.WriteLine($"    {due.Local:ddd yyyy-MM-dd HH:mm:ss zzz}");
        }

        Console.Out.WriteLine(
            $"  {preview.Kept} snapshots would be kept, {preview.Expiring.Count} would be removed at the next round"
        );
        foreach (var one in preview.Expiring)
        {
            Console.Out.WriteLine($"    {one.Id} of {one.CreatedAt:u}{(one.Anyway ? ", as it is now too" : "")}");
        }

        KeepingText.PrintLost(preview.LostMoments);
    }

    private static void PrintRows(PolicyView policy)
    {
        var rows = new[]
        {
            ("each is", policy.KeepSeconds),
            ("the last of a day is", policy.DailySeconds),
            ($"the last of a week (to {policy.WeekEnds}) is", policy.WeeklySeconds),
            ("the last of a month is", policy.MonthlySeconds),
        };
        foreach (var (which, seconds) in rows)
        {
            if (seconds > 0)
            {
                Console.Out.WriteLine($"  {which} kept for {Length(seconds)}");
            }
        }

        Console.Out.WriteLine("  the newest is always kept");
        Console.Out.WriteLine(
            policy.VerifySeconds > 0
                ? $"  the newest is read back and proven every {Length(policy.VerifySeconds)}"
                : "  none is proven but on request"
        );
    }

    private static string Length(long seconds) => DurationText.Of(TimeSpan.FromSeconds(seconds));
}

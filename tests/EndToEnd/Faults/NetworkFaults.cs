namespace Backup.Tests.EndToEnd.Faults;

/// <summary>The wires between source, agent and server: cut and throttled. Only where this machine permits a network of our own.</summary>
internal static class NetworkFaults
{
    private const int SlowKilobits = 200;
    private static readonly TimeSpan LongestCut = TimeSpan.FromSeconds(8);

    internal static IReadOnlyList<FaultKind> All =>
        [
            new("the source is cut off", schedule => schedule.Network is not null, CutSourceAsync),
            new("agent and server are cut off", schedule => schedule.Network is not null, CutServerAsync),
            new("the source is slow", schedule => schedule.Network is not null, ThrottleAsync),
        ];

    private static async Task CutSourceAsync(FaultSchedule schedule)
    {
        schedule.Network!.CutSource(true);
        try
        {
            await schedule.BehindAsync(LongestCut);
        }
        finally
        {
            schedule.Network.CutSource(false);
        }
    }

    private static async Task CutServerAsync(FaultSchedule schedule)
    {
        schedule.Network!.CutServer(true);
        try
        {
            await schedule.BehindAsync(LongestCut);
        }
        finally
        {
            schedule.Network.CutServer(false);
        }
    }

    private static async Task ThrottleAsync(FaultSchedule schedule)
    {
        schedule.Network!.Throttle(SlowKilobits);
        try
        {
            await Task.Delay(LongestCut / 2);
            // An agent that was killed just before comes back first.
            await schedule.WithinAsync("something has to wait", () => Task.FromResult(schedule.Network.Waited() > 0));
        }
        finally
        {
            schedule.Network.EndThrottle();
        }
    }
}

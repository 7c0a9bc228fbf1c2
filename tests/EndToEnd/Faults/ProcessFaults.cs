namespace Backup.Tests.EndToEnd.Faults;

/// <summary>Agent and appliance: killed, stopped in their tracks, without room on the disk.</summary>
internal static class ProcessFaults
{
    private static readonly TimeSpan LongestStop = TimeSpan.FromSeconds(6);

    internal static IReadOnlyList<FaultKind> All =>
        [
            new("kill -9 agent", _ => true, KillAgentAsync),
            new("kill -9 appliance", _ => true, KillApplianceAsync),
            new("SIGSTOP agent", _ => true, StopAgentAsync),
            new("SIGSTOP appliance", _ => true, StopApplianceAsync),
            new("disk full", schedule => schedule.Disk is not null, FillDiskAsync),
        ];

    private static async Task KillAgentAsync(FaultSchedule schedule)
    {
        await schedule.WithinAsync("an agent runs", () => Task.FromResult(schedule.Appliance.KillAgents() > 0));
    }

    private static async Task KillApplianceAsync(FaultSchedule schedule)
    {
        await schedule.Appliance.KillAsync();
        schedule.Appliance.ForgetOutput();
        schedule.Appliance.Up();
        await schedule.Appliance.WaitForOutputAsync("rs0/rs0: ", schedule.Patience);
    }

    private static async Task StopAgentAsync(FaultSchedule schedule)
    {
        List<int> ids = [];
        await schedule.WithinAsync(
            "an agent runs",
            () => Task.FromResult((ids = schedule.Appliance.AgentIds()).Count > 0)
        );
        await Task.WhenAll(ids.Select(id => ApplianceProcess.SignalAsync(id, "-STOP")));
        try
        {
            await schedule.BehindAsync(LongestStop);
        }
        finally
        {
            await Task.WhenAll(ids.Select(id => ApplianceProcess.SignalAsync(id, "-CONT")));
        }
    }

    private static async Task StopApplianceAsync(FaultSchedule schedule)
    {
        await ApplianceProcess.SignalAsync(schedule.Appliance.ProcessId, "-STOP");
        try
        {
            // The signal is sent, and reaches each of its threads a little later.
            await schedule.WithinAsync(
                "the appliance is stopped",
                async () =>
                {
                    var stat = await File.ReadAllTextAsync($"/proc/{schedule.Appliance.ProcessId}/stat");
                    return stat.Contains(") T ", StringComparison.Ordinal);
                }
            );
            await Task.Delay(schedule.Random.NextDouble() * LongestStop);
        }
        finally
        {
            await ApplianceProcess.SignalAsync(schedule.Appliance.ProcessId, "-CONT");
        }
    }

    private static async Task FillDiskAsync(FaultSchedule schedule)
    {
        schedule.Disk!.Fill();
        try
        {
            await schedule.WithinAsync(
                "the appliance names the full disk",
                async () =>
                    (await schedule.Appliance.RunAsync("status")) is var status
                    && (status.Output + status.Errors).Contains("BK1003", StringComparison.Ordinal)
            );
        }
        finally
        {
            schedule.Disk.MakeRoom();
        }
    }
}

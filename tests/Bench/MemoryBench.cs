using System.Globalization;

namespace Backup.Tests.Bench;

/// <summary>
/// The most resident memory that appliance and agent need while one collection with documents up to 16 MB goes through. Less than 500 MiB and
/// 100 MiB are wanted.
/// </summary>
internal static class MemoryBench
{
    /// <param name="arguments"><c>[MEGABYTES]</c>, 5000 unless given.</param>
    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        var megabytes = arguments.Count > 0 ? int.Parse(arguments[0], CultureInfo.InvariantCulture) : 5000;
        using var source = InitialSyncBench.StartSandbox("large", megabytes * 1_000_000L);
        using var appliance = new ApplianceUnderTest(source.ReadLine()!);
        var (seconds, snapshot) = await appliance.FirstSnapshotAsync(TimeSpan.FromMinutes(15));
        var (memory, agent) = appliance.PeakMemory;
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{snapshot.GetProperty("rawBytes").GetInt64() / 1e6:0} MB in {seconds:0} s: appliance {memory:0} MiB (wanted: less than 500), agent {agent:0} MiB (wanted: less than 100)"
            )
        );
        return memory < 500 && agent < 100 ? 0 : 1;
    }
}

using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Backup.WebUI.Support;

/// <summary>How the process is: what somebody asks first who was not there.</summary>
/// <param name="System">The operating system, with its release.</param>
/// <param name="Runtime">Of .NET, and the machine that it is for.</param>
/// <param name="Processors">That it may use.</param>
/// <param name="StartedAt">When the process began.</param>
/// <param name="ProcessorSeconds">Of user and system, since then.</param>
/// <param name="ResidentBytes">Of memory, now.</param>
/// <param name="PeakResidentBytes">At most, so far.</param>
/// <param name="Threads">Of the operating system.</param>
/// <param name="OpenFiles">Descriptors; null where that cannot be known.</param>
/// <param name="Pool">Of threads that work is handed to.</param>
/// <param name="Collector">Of memory.</param>
internal sealed record ProcessFacts(
    string System,
    string Runtime,
    int Processors,
    DateTimeOffset StartedAt,
    double ProcessorSeconds,
    long ResidentBytes,
    long PeakResidentBytes,
    int Threads,
    int? OpenFiles,
    PoolFacts Pool,
    CollectorFacts Collector
)
{
    private const string Descriptors = "/proc/self/fd";

    public static ProcessFacts Now()
    {
        using var process = Process.GetCurrentProcess();
        var memory = GC.GetGCMemoryInfo();
        return new ProcessFacts(
            $"{RuntimeInformation.OSDescription} {RuntimeInformation.OSArchitecture}",
            $"{RuntimeInformation.FrameworkDescription} {RuntimeInformation.RuntimeIdentifier}",
            Environment.ProcessorCount,
            new DateTimeOffset(process.StartTime.ToUniversalTime()),
            process.TotalProcessorTime.TotalSeconds,
            process.WorkingSet64,
            process.PeakWorkingSet64,
            process.Threads.Count,
            Directory.Exists(Descriptors) ? Directory.GetFileSystemEntries(Descriptors).Length : null,
            new PoolFacts(
                ThreadPool.ThreadCount,
                ThreadPool.PendingWorkItemCount,
                ThreadPool.CompletedWorkItemCount,
                Monitor.LockContentionCount
            ),
            new CollectorFacts(
                GC.GetTotalMemory(forceFullCollection: false),
                memory.HeapSizeBytes,
                memory.FragmentedBytes,
                GC.GetTotalAllocatedBytes(),
                [GC.CollectionCount(0), GC.CollectionCount(1), GC.CollectionCount(2)],
                GC.GetTotalPauseDuration().TotalSeconds,
                memory.MemoryLoadBytes,
                memory.TotalAvailableMemoryBytes
            )
        );
    }
}

/// <param name="Threads">That it has.</param>
/// <param name="Waiting">Pieces of work that no thread has taken yet.</param>
/// <param name="Done">Since the process began.</param>
/// <param name="Contentions">Times that a lock was waited for.</param>
internal sealed record PoolFacts(int Threads, long Waiting, long Done, long Contentions);

/// <param name="UsedBytes">By objects.</param>
/// <param name="HeapBytes">After the last collection.</param>
/// <param name="FragmentedBytes">Of these, between objects.</param>
/// <param name="AllocatedBytes">Since the process began.</param>
/// <param name="Collections">Of the generations 0, 1 and 2.</param>
/// <param name="PausedSeconds">In all.</param>
/// <param name="LoadBytes">Memory of the host that was in use at the last collection.</param>
/// <param name="AvailableBytes">That the process may use.</param>
internal sealed record CollectorFacts(
    long UsedBytes,
    long HeapBytes,
    long FragmentedBytes,
    long AllocatedBytes,
    IReadOnlyList<int> Collections,
    double PausedSeconds,
    long LoadBytes,
    long AvailableBytes
);

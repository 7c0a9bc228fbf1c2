using Backup.Blockstore;
using Backup.Blockstore.Grooming;
using Backup.Daemon.Grooming;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Microsoft.Extensions.Logging;

namespace Backup.Daemon.Jobs;

/// <summary>Gives back the room of blocks that no snapshot, no head and nobody who reads needs any more.</summary>
/// <param name="metadata">What is needed.</param>
/// <param name="blocks">The store.</param>
/// <param name="store">The same, as one that can be groomed.</param>
/// <param name="extraShare">Of the store that may stay dead, and that copies take meanwhile; above 0 to 1.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where it logs.</param>
internal sealed partial class GroomJob(
    IMetadataStore metadata,
    IBlockStore blocks,
    IGroomable store,
    double extraShare,
    TimeProvider time,
    ILogger logger
) : IJobHandler
{
    public string Kind => JobKinds.Groom;

    public async Task<string> RunAsync(JobRecord job, JobProgress progress, CancellationToken cancellation)
    {
        var arguments = JobJson.Arguments<GroomArguments>(job);
        var began = time.GetTimestamp();
        try
        {
            var result = await GroomAsync(arguments, progress, cancellation);
            await LastGroom.SucceededAsync(
                metadata.Settings,
                result,
                time.GetElapsedTime(began),
                time.GetUtcNow(),
                cancellation
            );
            return JobJson.Result(result);
        }
        catch (BackupException failure)
        {
            await LastGroom.FailedAsync(metadata.Settings, failure, time.GetUtcNow(), cancellation);
            throw;
        }
    }

    private async Task<GroomResult> GroomAsync(
        GroomArguments arguments,
        JobProgress progress,
        CancellationToken cancellation
    )
    {
        var report = await store.GroomAsync(
            new StoreRoots(metadata, blocks, time),
            new GroomOptions
            {
                DryRun = arguments.DryRun,
                MaxDeadShare = extraShare,
                ExtraSpaceShare = extraShare,
            },
            new Reporter(progress),
            cancellation
        );
        if (!arguments.DryRun)
        {
            LogGroomed(report.FreedBytes, report.RemovedPacks, report.CompactedPacks);
        }

        foreach (var finding in report.Findings)
        {
            LogFinding(finding.Where, finding.Offset, finding.What);
            progress.Log($"Damage in {finding.Where} at {finding.Offset}: {finding.What}", isTrouble: true);
        }

        return GroomResult.Of(report, arguments.DryRun);
    }

    private sealed class Reporter(JobProgress progress) : IProgress<GroomProgress>
    {
        public void Report(GroomProgress value) => progress.Report(value.Phase, value.Share);
    }

    [LoggerMessage(
        25,
        LogLevel.Information,
        "The block store was groomed: {Bytes} bytes given back, {Removed} packs removed, {Compacted} put together"
    )]
    private partial void LogGroomed(long bytes, int removed, int compacted);

    [LoggerMessage(26, LogLevel.Error, "Damage in {Where} at {Offset}: {What}")]
    private partial void LogFinding(string where, long offset, string what);
}

using System.Diagnostics;
using System.Text.Json;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Microsoft.Extensions.Logging;

namespace Backup.Daemon.Jobs;

/// <summary>Does one kind of job.</summary>
internal interface IJobHandler
{
    string Kind { get; }

    /// <summary>Only the daemon that keeps the head of the job's replica set can do it.</summary>
    bool NeedsHead => false;

    /// <returns>The job's result as JSON.</returns>
    Task<string> RunAsync(JobRecord job, JobProgress progress, CancellationToken cancellation);
}

/// <summary>
/// Takes jobs from the durable queue and works on a few at a time. A job is held by a lease that is renewed while it runs; a daemon that
/// dies loses it to the next. What can pass is tried again, at most <see cref="MaxAttempts"/> times.
/// </summary>
internal sealed partial class JobWorker : IAsyncDisposable
{
    internal const int MaxAttempts = 5;
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    private readonly IJobs _jobs;
    private readonly IMetadataStore _metadata;
    private readonly DaemonOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Dictionary<string, IJobHandler> _handlers;
    private readonly JobTake _take;
    private readonly Func<IReadOnlyCollection<string>> _heads;
    private readonly Func<bool> _rests;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task[] _workers;

    /// <param name="metadata">The catalogue of everything.</param>
    /// <param name="handlers">What it can do.</param>
    /// <param name="options">How it works.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where it logs.</param>
    /// <param name="rests">Whether no job is to be taken now; never unless given.</param>
    /// <param name="heads">Ids of the replica sets whose heads are kept here now; none unless given.</param>
    internal JobWorker(
        IMetadataStore metadata,
        IEnumerable<IJobHandler> handlers,
        DaemonOptions options,
        TimeProvider time,
        ILogger logger,
        Func<bool>? rests = null,
        Func<IReadOnlyCollection<string>>? heads = null
    )
    {
        (_jobs, _metadata, _options, _time, _logger) = (metadata.Jobs, metadata, options, time, logger);
        _handlers = handlers.ToDictionary(handler => handler.Kind);
        _heads = heads ?? (static () => []);
        _rests = rests ?? (static () => false);
        _take = new JobTake([.. KindsThat(needHead: false)]) { KindsOfHeads = [.. KindsThat(needHead: true)] };
        _workers = [.. Enumerable.Range(0, options.Jobs).Select(_ => Task.Run(() => WorkAsync(_stop.Token)))];
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_workers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task WorkAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                var seen = _metadata.ChangeCount;
                var take = _take with { Heads = _heads() };
                var job = _rests() ? null : await _jobs.TakeAsync(take, _options.Name, _options.JobLease, cancellation);
                if (job is null)
                {
                    await _metadata.WaitForChangeAsync(seen, Poll, cancellation);
                }
                else
                {
                    await RunAsync(job, cancellation);
                }
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                LogQueueFailed(failure);
                await Task.Delay(Poll, _time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private IEnumerable<string> KindsThat(bool needHead) =>
        _handlers.Values.Where(handler => handler.NeedsHead == needHead).Select(static handler => handler.Kind);

    private async Task RunAsync(JobRecord job, CancellationToken cancellation)
    {
        using var activity = JobTraces.Start(job);
        var begun = _time.GetTimestamp();
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var progress = new JobProgress(_time);
        progress.Log(job.Attempts > 1 ? $"Attempt {job.Attempts}, by {_options.Name}" : $"Taken by {_options.Name}");
        var renewal = RenewAsync(job, progress, lost);
        try
        {
            var result = await _handlers[job.Kind].RunAsync(job, progress, lost.Token);
            await _jobs.SucceedAsync(job.Id, _options.Name, result, cancellation);
            progress.Log("Done");
            LogJobDone(job.Kind, job.Id, _time.GetElapsedTime(begun).TotalSeconds);
        }
        catch (OperationCanceledException) when (lost.IsCancellationRequested)
        {
            // Cancelled by a user, or the daemon stops: then the lease runs out and another takes the job.
            progress.Log(cancellation.IsCancellationRequested ? "The daemon stops" : "Stopped: it was cancelled");
        }
        catch (Exception failure)
        {
            await FailAsync(job, progress, failure, activity, cancellation);
        }
        finally
        {
            await lost.CancelAsync();
            await renewal;
            await StoreLinesAsync(job, progress);
        }
    }

    /// <summary>What a job tells is not what it is for: where it cannot be stored the job goes on.</summary>
    private async Task StoreLinesAsync(JobRecord job, JobProgress progress)
    {
        if (progress.TakeLines() is not { Count: > 0 } lines)
        {
            return;
        }

        try
        {
            await _jobs.LogAsync(job.Id, lines, CancellationToken.None);
        }
        catch (Exception failure)
        {
            LogLinesLost(job.Id, failure);
        }
    }

    private async Task FailAsync(
        JobRecord job,
        JobProgress progress,
        Exception failure,
        Activity? activity,
        CancellationToken cancellation
    )
    {
        var known = failure as BackupException ?? DaemonErrors.Defect(failure);
        activity.Failed(known.Code, known.Message);
        var again = known.IsTransient && job.Attempts < MaxAttempts;
        LogJobFailed(job.Kind, job.Id, failure);
        progress.Log($"{known.Code} {known.Message}{(again ? " It is tried again." : "")}", isTrouble: true);
        await _jobs.FailAsync(job.Id, _options.Name, known.Code, known.Message, known.Hint, again, cancellation);
    }

    private async Task RenewAsync(JobRecord job, JobProgress progress, CancellationTokenSource lost)
    {
        var often = TimeSpan.FromMilliseconds(Math.Min(500, _options.JobLease.TotalMilliseconds / 3));
        while (!lost.IsCancellationRequested)
        {
            await Task.Delay(often, _time, lost.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                if (
                    !lost.IsCancellationRequested
                    && !await _jobs.ProgressAsync(job.Id, _options.Name, progress.Now, _options.JobLease, lost.Token)
                )
                {
                    await lost.CancelAsync();
                }

                await StoreLinesAsync(job, progress);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (BackupException failure) when (failure.IsTransient)
            {
                LogQueueFailed(failure);
            }
        }
    }

    [LoggerMessage(20, LogLevel.Error, "The job queue could not be asked")]
    private partial void LogQueueFailed(Exception failure);

    [LoggerMessage(22, LogLevel.Warning, "What job {Id} told could not be stored")]
    private partial void LogLinesLost(string id, Exception failure);

    [LoggerMessage(23, LogLevel.Information, "Job {Kind} {Id} is done after {Seconds:0.0} s")]
    private partial void LogJobDone(string kind, string id, double seconds);

    [LoggerMessage(21, LogLevel.Error, "Job {Kind} {Id} failed")]
    private partial void LogJobFailed(string kind, string id, Exception failure);
}

/// <summary>JSON of arguments and results.</summary>
internal static class JobJson
{
    internal static T Arguments<T>(JobRecord job) => JsonSerializer.Deserialize<T>(job.Arguments, JobKinds.Json)!;

    internal static string Result<T>(T result) => JsonSerializer.Serialize(result, JobKinds.Json);
}

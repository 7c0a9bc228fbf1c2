using System.Collections.Concurrent;
using System.Text.Json;
using Backup.AlertService;
using Backup.AlertService.Conditions;
using Backup.Cli.Control;
using Backup.Daemon.Jobs;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.Metadata.Alerting;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;
using Microsoft.Extensions.Logging;

namespace Backup.Cli.Web;

/// <summary>
/// Restores that were begun over the API and go on by themselves. Each is a job of the catalogue, held by a lease while this process works on it; of
/// one whose process is gone the next finds that it was abandoned. A full disk keeps nobody from a restore: such a one is written down when there is room.
/// </summary>
internal sealed partial class RestoreTasks : IRestoreDesk, IAsyncDisposable
{
    /// <summary>Under way at the same time, of all groups.</summary>
    internal const int MostRunning = 16;

    /// <summary>Of a group, those that are listed.</summary>
    private const int MostListed = 1000;

    /// <summary>Longer than a machine stands still that is moved to another.</summary>
    internal static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    private readonly IMetadataStore _metadata;
    private readonly RestoreWorks _works;
    private readonly bool _isAlone;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly string _owner = $"restores {Guid.NewGuid():N}";
    private readonly ConcurrentDictionary<string, RestoreTask> _tasks = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Task> _runs = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _swept = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _sweep;

    /// <param name="metadata">The catalogue of everything.</param>
    /// <param name="works">What they do.</param>
    /// <param name="isAlone">No other process has the catalogue: what runs as it starts is nobody's.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">For what nobody expected.</param>
    internal RestoreTasks(IMetadataStore metadata, RestoreWorks works, bool isAlone, TimeProvider time, ILogger logger)
    {
        (_metadata, _works, _isAlone, _time, _logger) = (metadata, works, isAlone, time, logger);
        _sweep = Task.Run(SweepAsync);
    }

    public void RequireForeign(string uri) => ForeignTarget.Require(uri);

    public Task<RestoreTaskView> BeginAsync(
        string groupId,
        RestoreTaskRequest request,
        CancellationToken cancellation
    ) => BeginAsync(groupId, request, retryOf: null, cancellation);

    public async Task<RestoreTaskView> RetryAsync(
        string groupId,
        string id,
        RetryRequest retry,
        CancellationToken cancellation
    )
    {
        var found = await FindJobAsync(groupId, id, cancellation) ?? throw WebUI.WebUIErrors.Nothing("such restore");
        if (found.State is not (JobState.Failed or JobState.Cancelled))
        {
            throw CliErrors.CannotRetry(Restored.StateOf(found));
        }

        var request = JsonSerializer.Deserialize<RestoreTaskRequest>(found.Arguments, JobKinds.Json)!;
        if (request.Into is { } into)
        {
            var uri = retry.Uri ?? throw CliErrors.TargetNotKept();
            // Whether what was to be removed has been is not known: then it begins anew, else it goes on with what is there.
            request = request with
            {
                Into = into with { Uri = uri, Resume = into is { Drop: false, IsDryRun: false } },
            };
        }

        return await BeginAsync(groupId, request, found.Id, cancellation);
    }

    public async Task<IReadOnlyList<RestoreTaskView>> ListAsync(string groupId, CancellationToken cancellation)
    {
        var mine = _tasks.Values.Where(one => one.GroupId == groupId).ToDictionary(static one => one.Id);
        var stored = await _metadata.Jobs.FindAsync(
            new JobQuery(await SubjectsAsync(groupId, cancellation), MostListed) { Kinds = RestoreJobs.Kinds },
            cancellation
        );
        return
        [
            .. stored
                .Where(one => !mine.ContainsKey(one.Id))
                .Concat(mine.Values.Select(static one => one.Now))
                .OrderByDescending(static one => one.CreatedAt)
                .ThenByDescending(static one => one.Id, StringComparer.Ordinal)
                .Select(one => Restored.View(one, _time.GetUtcNow())),
        ];
    }

    public async Task<RestoreTaskView?> FindAsync(string groupId, string id, CancellationToken cancellation) =>
        await FindJobAsync(groupId, id, cancellation) is { } job ? Restored.View(job, _time.GetUtcNow()) : null;

    public async Task CancelAsync(string groupId, string id, CancellationToken cancellation)
    {
        if (_tasks.TryGetValue(id, out var task) && task.GroupId == groupId)
        {
            await task.CancelAsync();
        }
        else if (await FindJobAsync(groupId, id, cancellation) is { State: JobState.Running })
        {
            // Of another process, which sees that it is no longer its own.
            await _metadata.Jobs.CancelAsync(id, cancellation);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_runs.Values);
        await _sweep;
        foreach (var task in _tasks.Values)
        {
            task.Dispose();
        }

        _stopping.Dispose();
    }

    private async Task<RestoreTaskView> BeginAsync(
        string groupId,
        RestoreTaskRequest request,
        string? retryOf,
        CancellationToken cancellation
    )
    {
        if (_tasks.Values.Count(static one => one.IsRunning) >= MostRunning)
        {
            throw CliErrors.TooManyRestores(MostRunning);
        }

        await _swept.Task.WaitAsync(cancellation);
        var work = await _works.OfAsync(groupId, request, cancellation);
        var now = _time.GetUtcNow();
        var job = JobKinds.New(
            work.Kind,
            work.SubjectId,
            JsonSerializer.Serialize(RestoreWorks.WithoutSecrets(request), JobKinds.Json),
            now
        ) with
        {
            State = JobState.Running,
            Attempts = 1,
            StartedAt = now,
            Owner = _owner,
            LeaseUntil = now + Lease,
            AskedBy = AuditActor.Current.Name,
            Title = work.Title,
            RetryOf = retryOf,
        };
        var isStored = await StoreAsync(job, cancellation);
        var task = new RestoreTask(job, groupId, work.RunAsync, _time);
        _tasks[job.Id] = task;
        _runs[job.Id] = Task.Run(() => RunAsync(task, isStored, tells: !work.IsDryRun), CancellationToken.None);
        return Restored.View(task.Now, now);
    }

    /// <summary>False where the disk is full.</summary>
    private async Task<bool> StoreAsync(JobRecord job, CancellationToken cancellation)
    {
        try
        {
            await _metadata.Jobs.AddAsync(job, cancellation);
            return true;
        }
        catch (BackupException failure) when (failure.Number == FoundationErrors.DiskFull)
        {
            LogNoRoom(job.Id, job.Title!, failure);
            return false;
        }
    }

    private async Task RunAsync(RestoreTask task, bool isStored, bool tells)
    {
        var work = task.RunAsync(_logger, _stopping.Token);
        while (await Task.WhenAny(work, Task.Delay(Look, _time, CancellationToken.None)) != work)
        {
            await TellAsync(task, isStored);
        }

        var ended = task.Now;
        await WriteDownAsync(task, isStored);
        if (tells && ended.State is JobState.Succeeded or JobState.Failed)
        {
            await AlertAsync(ended, task.GroupId);
        }

        _runs.TryRemove(task.Id, out _);
    }

    /// <summary>How far it is; renews its lease. Where somebody else cancelled it, it stops.</summary>
    private async Task TellAsync(RestoreTask task, bool isStored)
    {
        if (!isStored)
        {
            return;
        }

        try
        {
            if (!await _metadata.Jobs.ProgressAsync(task.Id, _owner, task.Progress.Now, Lease))
            {
                await task.CancelAsync();
            }

            await StoreLinesAsync(task);
        }
        catch (BackupException passing) when (passing.IsTransient || passing.Number == FoundationErrors.DiskFull)
        {
            LogNotTold(task.Id, passing);
        }
    }

    private async Task StoreLinesAsync(RestoreTask task)
    {
        if (task.Progress.TakeLines() is { Count: > 0 } lines)
        {
            await _metadata.Jobs.LogAsync(task.Id, lines);
        }
    }

    /// <summary>How it ended, as soon as it can be written down; until then this process tells it.</summary>
    private async Task WriteDownAsync(RestoreTask task, bool isStored)
    {
        while (true)
        {
            try
            {
                await EndAsync(task.Now, isStored);
                await StoreLinesAsync(task);
                _tasks.TryRemove(task.Id, out _);
                task.Dispose();
                return;
            }
            catch (Exception failure)
            {
                LogNotTold(task.Id, failure);
            }

            if (_stopping.IsCancellationRequested)
            {
                return;
            }

            await Task.Delay(Look, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private Task EndAsync(JobRecord ended, bool isStored) =>
        !isStored ? _metadata.Jobs.AddAsync(ended with { Owner = null, LeaseUntil = null })
        : ended.State == JobState.Succeeded ? _metadata.Jobs.SucceedAsync(ended.Id, _owner, ended.Result!)
        : ended.State == JobState.Cancelled ? _metadata.Jobs.CancelAsync(ended.Id)
        : _metadata.Jobs.FailAsync(
            ended.Id,
            _owner,
            ended.ErrorCode!,
            ended.ErrorMessage!,
            ended.ErrorHint!,
            retry: false
        );

    /// <summary>Those whose process is gone are over.</summary>
    private async Task SweepAsync()
    {
        for (var isFirst = true; !_stopping.IsCancellationRequested; isFirst = false)
        {
            try
            {
                var why = CliErrors.AbandonedRestore();
                var abandoned = await _metadata.Jobs.FailAbandonedAsync(
                    RestoreJobs.Kinds,
                    evenHeld: isFirst && _isAlone,
                    why.Code,
                    why.Message,
                    why.Hint,
                    _stopping.Token
                );
                foreach (var job in abandoned)
                {
                    await _metadata.Jobs.LogAsync(job.Id, [new JobLogLine(_time.GetUtcNow(), why.Message, true)]);
                    await AlertAsync(job, await GroupOfAsync(job.ReplicaSetId!));
                }
            }
            catch (Exception failure) when (!_stopping.IsCancellationRequested)
            {
                LogNotTold("", failure);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            _swept.TrySetResult();
            await Task.Delay(Lease / 3, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<JobRecord?> FindJobAsync(string groupId, string id, CancellationToken cancellation)
    {
        if (_tasks.TryGetValue(id, out var task))
        {
            return task.GroupId == groupId ? task.Now : null;
        }

        return
            await _metadata.Jobs.FindAsync(id, cancellation) is { ReplicaSetId: { } subject } job
            && RestoreJobs.Kinds.Contains(job.Kind)
            && await GroupOfAsync(subject) == groupId
            ? job
            : null;
    }

    private async Task<string?> GroupOfAsync(string subject)
    {
        var set = await _metadata.Deployments.FindReplicaSetAsync(subject);
        return (await _metadata.Deployments.FindAsync(set?.DeploymentId ?? subject))?.GroupId;
    }

    private async Task<IReadOnlyCollection<string>> SubjectsAsync(string groupId, CancellationToken cancellation)
    {
        var ours = (await _metadata.Deployments.ListAsync(cancellation))
            .Where(one => one.GroupId == groupId)
            .Select(static one => one.Id)
            .ToHashSet(StringComparer.Ordinal);
        var sets = await _metadata.Deployments.ReplicaSetsAsync(cancellation);
        return [.. ours, .. sets.Where(one => ours.Contains(one.DeploymentId)).Select(static one => one.Id)];
    }

    /// <summary>Whoever wants to know of restores hears how this one ended. That it ended stands in the job: where nobody can be told, that does not change how.</summary>
    private async Task AlertAsync(JobRecord job, string? groupId)
    {
        var failed = job.State == JobState.Failed;
        var cause = failed
            ? AlertServiceErrors.NotRestored(job.Title!, $"{job.ErrorCode} {job.ErrorMessage}")
            : AlertServiceErrors.Restored(job.Title!);
        try
        {
            await _metadata.Alerts.RaiseAsync(
                new AlertRaise(
                    failed ? AlertConditions.RestoreFailed : AlertConditions.RestoreFinished,
                    job.Id,
                    cause.Code,
                    cause.Message,
                    cause.Hint
                )
                {
                    GroupId = groupId,
                    SubjectName = job.Title!,
                    Severity = failed ? AlertSeverity.Critical : AlertSeverity.Info,
                    IsEvent = true,
                },
                CancellationToken.None
            );
        }
        catch (Exception failure)
        {
            ControlServer.LogIfUnexpected(_logger, failure);
        }
    }

    [LoggerMessage(70, LogLevel.Warning, "The disk is full: restore {Id} runs, and is written down later: {What}")]
    private partial void LogNoRoom(string id, string what, Exception failure);

    [LoggerMessage(71, LogLevel.Warning, "How restore {Id} is could not be written down; it is tried again")]
    private partial void LogNotTold(string id, Exception failure);
}

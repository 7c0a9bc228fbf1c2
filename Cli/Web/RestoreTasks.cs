using System.Collections.Concurrent;
using Backup.AlertService;
using Backup.AlertService.Conditions;
using Backup.Cli.Appliance;
using Backup.Cli.Control;
using Backup.Daemon.Pushes;
using Backup.Daemon.Targets;
using Backup.Metadata;
using Backup.Metadata.Alerting;
using Backup.MongoWire.Uri;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;
using Microsoft.Extensions.Logging;

namespace Backup.Cli.Web;

/// <summary>
/// Restores that were begun over the API and go on by themselves. They end with the appliance: what was sent until then can be gone on with,
/// and the audit has the record that it began.
/// </summary>
internal sealed class RestoreTasks(
    PushOperations pushes,
    ClusterRestoreOperations restores,
    TakeoutAudit audit,
    IAlerts alerts,
    TimeProvider time,
    ILogger logger
) : IRestoreDesk, IAsyncDisposable
{
    /// <summary>Under way at the same time, of all groups.</summary>
    internal const int MostRunning = 16;

    /// <summary>How long one that ended is told of.</summary>
    internal static readonly TimeSpan Kept = TimeSpan.FromDays(7);

    private const int MostKept = 1000;

    private readonly ConcurrentDictionary<string, RestoreTask> _tasks = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();

    public async Task<RestoreTaskView> BeginAsync(
        string groupId,
        RestoreTaskRequest request,
        CancellationToken cancellation
    )
    {
        Forget();
        if (_tasks.Values.Count(static one => one.IsRunning) >= MostRunning)
        {
            throw CliErrors.TooManyRestores(MostRunning);
        }

        var name = await NameAsync(request.Push?.Subject ?? request.Into!.Subject, cancellation);
        var task = request.Push is { } push ? OfPush(groupId, name, push) : OfInto(groupId, name, request.Into!);
        _tasks[task.Id] = task;
        task.Run(logger, request.Into?.IsDryRun == true ? null : TellAsync, _stopping.Token);
        return task.View();
    }

    public Task<IReadOnlyList<RestoreTaskView>> ListAsync(string groupId, CancellationToken cancellation)
    {
        Forget();
        return Task.FromResult<IReadOnlyList<RestoreTaskView>>([
            .. _tasks
                .Values.Where(one => one.GroupId == groupId)
                .Select(static one => one.View())
                .OrderByDescending(static one => one.StartedAt)
                .ThenByDescending(static one => one.Id, StringComparer.Ordinal),
        ]);
    }

    public Task<RestoreTaskView?> FindAsync(string groupId, string id, CancellationToken cancellation) =>
        Task.FromResult(_tasks.TryGetValue(id, out var task) && task.GroupId == groupId ? task.View() : null);

    public async Task CancelAsync(string groupId, string id, CancellationToken cancellation)
    {
        if (_tasks.TryGetValue(id, out var task) && task.GroupId == groupId)
        {
            await task.CancelAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_tasks.Values.Select(static one => one.Ended));
        foreach (var task in _tasks.Values)
        {
            task.Dispose();
        }

        _stopping.Dispose();
    }

    private RestoreTask OfPush(string groupId, string name, PushRequest request)
    {
        var moment = NamedMoments.MomentOf(request.Optime, request.Before);
        return New(
            groupId,
            "push",
            $"{name} {NamedMoments.What(request.Snapshot, moment)} to {request.Target}",
            async (task, cancellation) =>
            {
                var progress = task.Progress<PushProgress>(static one => (one.Phase, one.Bytes, one.ExpectedBytes));
                task.Push = await pushes.PushAsync(request, moment, progress, groupId, cancellation);
            }
        );
    }

    private RestoreTask OfInto(string groupId, string name, TargetRequest request)
    {
        var moment = NamedMoments.MomentOf(request.Optime, request.Before);
        // Of the target its hosts alone: a URI may hold a password.
        var hosts = string.Join(',', ConnectionString.Parse(request.Uri).Hosts);
        var subject =
            $"{name} {NamedMoments.What(request.Snapshot, moment)}{TakeoutAudit.Selection(request.Namespaces)} to {hosts}";
        return New(
            groupId,
            "into",
            subject,
            async (task, cancellation) =>
            {
                var progress = task.Progress<TargetProgress>(static one => (one.Phase, one.Bytes, one.ExpectedBytes));
                Task<TargetView> Restore() => restores.RestoreAsync(request, moment, progress, cancellation);
                task.Into = request.IsDryRun
                    ? await Restore()
                    : await audit.RecordAsync(TakeoutAudit.Into, subject, Restore, static result => result.Bytes);
            }
        );
    }

    private RestoreTask New(
        string groupId,
        string kind,
        string subject,
        Func<RestoreTask, CancellationToken, Task> work
    ) => new(Guid.CreateVersion7(time.GetUtcNow()).ToString("N"), groupId, kind, subject, work, time);

    private async Task<string> NameAsync(string subject, CancellationToken cancellation) =>
        (await restores.SubjectAsync(subject, cancellation)).Name;

    /// <summary>Whoever wants to know of restores hears how this one ended.</summary>
    private Task TellAsync(RestoreTask task)
    {
        var view = task.View();
        var cause = view.Error is { } error
            ? AlertServiceErrors.NotRestored(view.Subject, $"{error.Code} {error.Message}")
            : AlertServiceErrors.Restored(view.Subject);
        return alerts.RaiseAsync(
            new AlertRaise(
                view.Error is null ? AlertConditions.RestoreFinished : AlertConditions.RestoreFailed,
                task.Id,
                cause.Code,
                cause.Message,
                cause.Hint
            )
            {
                GroupId = task.GroupId,
                SubjectName = view.Subject,
                Severity = view.Error is null ? AlertSeverity.Info : AlertSeverity.Critical,
                IsEvent = true,
            },
            CancellationToken.None
        );
    }

    /// <summary>Those that ended long ago, and the oldest of too many.</summary>
    private void Forget()
    {
        var before = time.GetUtcNow() - Kept;
        var ended = _tasks.Values.Where(static one => !one.IsRunning).OrderByDescending(static one => one.Id).ToList();
        foreach (var task in ended.Where((one, index) => index >= MostKept || one.View().FinishedAt < before))
        {
            if (_tasks.TryRemove(task.Id, out var removed))
            {
                removed.Dispose();
            }
        }
    }
}

/// <summary>One of them.</summary>
internal sealed class RestoreTask(
    string id,
    string groupId,
    string kind,
    string subject,
    Func<RestoreTask, CancellationToken, Task> work,
    TimeProvider time
) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _cancelled = new();
    private readonly DateTimeOffset _startedAt = time.GetUtcNow();
    private readonly string _by = AuditActor.Current.Name;
    private string _state = "running";
    private (string Phase, long Bytes, long ExpectedBytes) _progress = ("", 0, 0);
    private DateTimeOffset? _finishedAt;
    private ErrorView? _error;

    public string Id => id;

    public string GroupId => groupId;

    /// <summary>Set by the work where it is done.</summary>
    public PushView? Push { get; set; }

    /// <summary>Set by the work where it is done.</summary>
    public TargetView? Into { get; set; }

    /// <summary>Never fails.</summary>
    public Task Ended { get; private set; } = Task.CompletedTask;

    public bool IsRunning
    {
        get
        {
            lock (_lock)
            {
                return _finishedAt is null;
            }
        }
    }

    /// <param name="logger">For what nobody expected.</param>
    /// <param name="tell">Hears that it has succeeded or failed; null: nobody does.</param>
    /// <param name="stopping">The appliance stops.</param>
    public void Run(ILogger logger, Func<RestoreTask, Task>? tell, CancellationToken stopping) =>
        Ended = Task.Run(
            async () =>
            {
                if (await RunAsync(logger, stopping) && tell is not null)
                {
                    await TellAsync(tell, logger);
                }
            },
            CancellationToken.None
        );

    public Task CancelAsync() => _cancelled.CancelAsync();

    public IProgress<T> Progress<T>(Func<T, (string Phase, long Bytes, long ExpectedBytes)> map) =>
        new Reports<T>(this, map);

    public RestoreTaskView View()
    {
        lock (_lock)
        {
            return new RestoreTaskView(
                id,
                kind,
                subject,
                _state,
                _progress.Phase,
                _progress.Bytes,
                _progress.ExpectedBytes,
                _startedAt,
                _finishedAt,
                _by,
                _error,
                Push,
                Into
            );
        }
    }

    public void Dispose() => _cancelled.Dispose();

    private async Task TellAsync(Func<RestoreTask, Task> tell, ILogger logger)
    {
        try
        {
            await tell(this);
        }
        catch (Exception failure)
        {
            // That it ended stands in the task; that nobody could be told does not change how.
            ControlServer.LogIfUnexpected(logger, failure);
        }
    }

    /// <returns>Whether it came to its end; false where it was cancelled.</returns>
    private async Task<bool> RunAsync(ILogger logger, CancellationToken stopping)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, _cancelled.Token);
        try
        {
            await work(this, either.Token);
            End("succeeded", null);
            return true;
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            End("cancelled", null);
            return false;
        }
        catch (Exception) when (either.IsCancellationRequested)
        {
            // What breaks because it was told to stop is no failure.
            End("cancelled", null);
            return false;
        }
        catch (Exception failure)
        {
            ControlServer.LogIfUnexpected(logger, failure);
            End("failed", ControlServer.Describe(failure));
            return true;
        }
    }

    private void End(string state, ErrorView? error)
    {
        lock (_lock)
        {
            (_state, _error, _finishedAt) = (state, error, time.GetUtcNow());
        }
    }

    private sealed class Reports<T>(RestoreTask task, Func<T, (string Phase, long Bytes, long ExpectedBytes)> map)
        : IProgress<T>
    {
        public void Report(T value)
        {
            lock (task._lock)
            {
                task._progress = map(value);
            }
        }
    }
}

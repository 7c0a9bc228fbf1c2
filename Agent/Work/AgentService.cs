using Backup.Agent.Configuration;
using Backup.Agent.Flow;
using Backup.Agent.Server;
using Backup.Agent.Status;
using Backup.Agent.Updates;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;

namespace Backup.Agent.Work;

/// <summary>The running agent: asks for its configuration, keeps one worker for each deployment, sends heartbeats.</summary>
internal sealed class AgentService(ServerClient server, AgentLog log, TimeProvider time, string version)
{
    private readonly Dictionary<string, Running> _workers = [];
    private readonly Lock _lock = new();

    /// <summary>Tells this run of the agent from the ones before: the server fences those off.</summary>
    private readonly string _session = Guid.NewGuid().ToString("N");
    private AgentLimits _limits = new();
    private ByteBudget? _budget;

    private readonly TaskCompletionSource _firstAnswer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile string? _offered;
    private readonly DateTimeOffset _startedAt = time.GetUtcNow();

    /// <summary>Of the last answer to a heartbeat: <see cref="HeartbeatAnswer.Now"/>.</summary>
    private long? _answered;
    private long? _answeredAt;
    private BackupException? _unanswered;

    /// <summary>Runs until it is cancelled, then lets every worker end.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var beats = BeatAsync(cancellation);
        try
        {
            while (!cancellation.IsCancellationRequested)
            {
                await PollAsync(cancellation);
                await Task.Delay(TimeSpan.FromSeconds(Math.Clamp(_limits.PollSeconds, 1, 300)), time, cancellation)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        finally
        {
            await ApplyAsync([]);
            await beats;
        }
    }

    /// <summary>Completes when the server has answered a heartbeat.</summary>
    public Task Answered => _firstAnswer.Task;

    /// <summary>The version that the server said last it offers; null where it offers none.</summary>
    public string? OfferedVersion => _offered;

    /// <summary>What <c>backup-agent status</c> shows.</summary>
    public AgentStatus Describe(AgentIdentity identity)
    {
        lock (_lock)
        {
            return new AgentStatus(Running: true, identity.AgentId, identity.Server)
            {
                Version = version,
                ProcessId = Environment.ProcessId,
                StartedAt = _startedAt,
                ServerAnsweredAt = _answeredAt is { } at ? time.GetUtcNow() - time.GetElapsedTime(at) : null,
                ServerError = _unanswered is { } error ? new Fault(error.Code, error.Message, error.Hint) : null,
                Deployments = [.. _workers.Values.OrderBy(one => one.Deployment.Name).Select(one => one.Describe())],
            };
        }
    }

    private async Task PollAsync(CancellationToken cancellation)
    {
        try
        {
            if (await server.ConfigurationAsync(cancellation) is { } configuration)
            {
                if (_budget is null || configuration.Limits != _limits)
                {
                    // New bounds hold for all: everybody starts again with them.
                    await ApplyAsync([]);
                    _limits = configuration.Limits;
                    _budget = FlowLimits.BudgetOf(_limits);
                }

                log.Conceal(server.Secrets.Concat(configuration.Deployments.SelectMany(SecretsOf)));
                await ApplyAsync(configuration.Deployments);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Stopping.
        }
        catch (BackupException failure)
        {
            log.Error(failure);
        }
    }

    /// <summary>The whole URI, and what stands between its user and its hosts.</summary>
    private static IEnumerable<string> SecretsOf(ConfiguredDeployment deployment)
    {
        yield return deployment.Uri;
        var scheme = deployment.Uri.IndexOf("://", StringComparison.Ordinal);
        var at = deployment.Uri.IndexOf('@', StringComparison.Ordinal);
        var colon = scheme < 0 ? -1 : deployment.Uri.IndexOf(':', scheme + 3);
        if (colon > 0 && colon < at)
        {
            yield return deployment.Uri[(colon + 1)..at];
        }
    }

    private async Task ApplyAsync(IReadOnlyList<ConfiguredDeployment> wanted)
    {
        List<Running> ended;
        lock (_lock)
        {
            ended = [.. _workers.Values.Where(one => !wanted.Any(one.IsOf))];
            foreach (var one in ended)
            {
                _workers.Remove(one.Deployment.Id);
            }
        }

        // All at once: one that takes its time does not keep the others.
        await Task.WhenAll(ended.Select(one => one.StopAsync()));

        lock (_lock)
        {
            foreach (var deployment in wanted)
            {
                if (_workers.TryGetValue(deployment.Id, out var running))
                {
                    running.Apply(OrderOf(deployment), log);
                }
                else
                {
                    _workers.Add(deployment.Id, Start(deployment));
                }
            }
        }
    }

    private Running Start(ConfiguredDeployment deployment)
    {
        var control = new SourceControl(OrderOf(deployment), time);
        var limits = new FlowLimits(_limits, _budget!, control);
        return new Running(
            deployment,
            control,
            new DeploymentWorker(deployment, _session, server, limits, control, log, time)
        );
    }

    private SourceOrder OrderOf(ConfiguredDeployment deployment) =>
        deployment.Source
        ?? new SourceOrder(0, MemberRule.Secondary.Text, _limits.Cursors, _limits.BytesPerSecond, Paused: false);

    private async Task BeatAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromSeconds(Math.Clamp(_limits.HeartbeatSeconds, 1, 60)), time, cancellation)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                List<Running> workers;
                lock (_lock)
                {
                    workers = [.. _workers.Values];
                }

                await Task.WhenAll(workers.Select(one => one.Worker.LookAsync(_answered, cancellation)));
                var reports = workers.ConvertAll(one => one.Report());
                var answer = await server.HeartbeatAsync(
                    new Heartbeat(version, reports, Updater.Platform),
                    cancellation
                );
                _answered = answer.Now;
                _offered = answer.Update;
                _firstAnswer.TrySetResult();
                lock (_lock)
                {
                    (_answeredAt, _unanswered) = (time.GetTimestamp(), null);
                }

                foreach (var orders in answer.Deployments)
                {
                    var worker = workers.Find(one => one.Deployment.Id == orders.DeploymentId);
                    worker?.Apply(orders.Source, log);
                    if (orders.Asked is { } asked && worker is not null)
                    {
                        // It takes its time, and heartbeats do not wait for it.
                        _ = Task.Run(() => worker.Worker.AnswerAsync(asked, cancellation), cancellation);
                    }
                }

                if (answer.Logs is { } logs)
                {
                    await server.LogsAsync(log.Ring.Excerpt(logs, time.GetUtcNow()), cancellation);
                }
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (BackupException failure)
            {
                log.Error(failure);
                lock (_lock)
                {
                    _unanswered = failure;
                }
            }
        }
    }

    private sealed class Running
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _task;

        private readonly SourceControl _control;

        public Running(ConfiguredDeployment deployment, SourceControl control, DeploymentWorker worker)
        {
            Deployment = deployment;
            Worker = worker;
            _control = control;
            _task = Task.Run(() => worker.RunAsync(_stop.Token));
        }

        public ConfiguredDeployment Deployment { get; }

        public DeploymentWorker Worker { get; }

        private LoadReport? _load;

        /// <summary>For a heartbeat; the load is measured from one to the next.</summary>
        public DeploymentReport Report()
        {
            _load = Worker.Load.Look();
            return Worker.Status.Report(_control.Now.Revision, _load);
        }

        public DeploymentStatus Describe() => Worker.Status.Describe(_control.Now.Member, _load);

        /// <summary>Whether it is the same but for how the source is read: that changes while it runs.</summary>
        public bool IsOf(ConfiguredDeployment wanted) =>
            wanted with { Source = null } == Deployment with { Source = null };

        public void Apply(SourceOrder order, AgentLog log)
        {
            if (_control.Apply(order) is { } change)
            {
                log.Info("source settings", Deployment.Name, change);
            }
        }

        /// <summary>However it ends: what it failed at is in the log, and the others go on.</summary>
        public async Task StopAsync()
        {
            await _stop.CancelAsync();
            await _task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _stop.Dispose();
        }
    }
}

using Backup.Agent.Flow;
using Backup.Agent.Server;
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
    private FlowLimits? _flow;

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

    private async Task PollAsync(CancellationToken cancellation)
    {
        try
        {
            if (await server.ConfigurationAsync(cancellation) is { } configuration)
            {
                if (_flow is null || configuration.Limits != _limits)
                {
                    // New bounds hold for all: everybody starts again with them.
                    await ApplyAsync([]);
                    _limits = configuration.Limits;
                    _flow = new FlowLimits(_limits, time);
                }

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

    private async Task ApplyAsync(IReadOnlyList<ConfiguredDeployment> wanted)
    {
        List<Running> ended;
        lock (_lock)
        {
            ended = [.. _workers.Values.Where(one => !wanted.Contains(one.Deployment))];
            foreach (var one in ended)
            {
                _workers.Remove(one.Deployment.Id);
            }
        }

        // All at once: one that takes its time does not keep the others.
        await Task.WhenAll(ended.Select(one => one.StopAsync()));

        lock (_lock)
        {
            foreach (var deployment in wanted.Where(one => !_workers.ContainsKey(one.Id)))
            {
                var worker = new DeploymentWorker(deployment, _session, server, _flow!, log, time);
                _workers.Add(deployment.Id, new Running(deployment, worker));
            }
        }
    }

    private async Task BeatAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromSeconds(Math.Clamp(_limits.HeartbeatSeconds, 1, 60)), time, cancellation)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                List<DeploymentWorker> workers;
                lock (_lock)
                {
                    workers = [.. _workers.Values.Select(one => one.Worker)];
                }

                await Task.WhenAll(workers.Select(worker => worker.LookAsync(cancellation)));
                var reports = workers.ConvertAll(worker => worker.Status.Report());
                await server.HeartbeatAsync(new Heartbeat(version, reports), cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (BackupException failure)
            {
                log.Error(failure);
            }
        }
    }

    private sealed class Running
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _task;

        public Running(ConfiguredDeployment deployment, DeploymentWorker worker)
        {
            Deployment = deployment;
            Worker = worker;
            _task = Task.Run(() => worker.RunAsync(_stop.Token));
        }

        public ConfiguredDeployment Deployment { get; }

        public DeploymentWorker Worker { get; }

        /// <summary>However it ends: what it failed at is in the log, and the others go on.</summary>
        public async Task StopAsync()
        {
            await _stop.CancelAsync();
            await _task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _stop.Dispose();
        }
    }
}

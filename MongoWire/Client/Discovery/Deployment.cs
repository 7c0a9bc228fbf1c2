using Backup.MongoWire.Uri;

namespace Backup.MongoWire.Client.Discovery;

/// <summary>
/// The topology as it changes: monitors come and go with its servers, and pools are cleared in the same step in which their server
/// becomes unknown, so that nobody finds a server with connections that are known to be dead. Thread-safe; under its lock there is no I/O.
/// </summary>
internal sealed class Deployment : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly ConnectionSettings _settings;
    private readonly int _poolSize;
    private readonly Func<HostAddress, Action<ServerDescription>, IServerMonitor> _watch;
    private readonly Dictionary<HostAddress, IServerMonitor> _monitors = [];

    // Those of servers that left stay: their generation goes on where it was if the server comes back.
    private readonly Dictionary<HostAddress, ConnectionPool> _pools = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _disposed;

    /// <param name="watch">Makes the monitor of a server; it reports what it found.</param>
    internal Deployment(
        TopologyDescription start,
        ConnectionSettings settings,
        int poolSize,
        Func<HostAddress, Action<ServerDescription>, IServerMonitor> watch
    )
    {
        Topology = start;
        _settings = settings;
        _poolSize = poolSize;
        _watch = watch;
        lock (_lock)
        {
            FollowServers();
        }
    }

    internal TopologyDescription Topology { get; private set; }

    /// <summary>The topology and a task that ends when it has been replaced.</summary>
    internal (TopologyDescription Topology, Task Changed) Watch()
    {
        lock (_lock)
        {
            return (Topology, _changed.Task);
        }
    }

    internal void RequestCheck()
    {
        lock (_lock)
        {
            foreach (var monitor in _monitors.Values)
            {
                monitor.RequestCheck();
            }
        }
    }

    internal ConnectionPool PoolOf(HostAddress host)
    {
        lock (_lock)
        {
            if (!_pools.TryGetValue(host, out var pool))
            {
                pool = new ConnectionPool(host, _settings, _poolSize, HandleError);
                _pools.Add(host, pool);
            }

            return pool;
        }
    }

    /// <summary>What a monitor found: an answer, or why there was none.</summary>
    internal void Report(ServerDescription server)
    {
        lock (_lock)
        {
            Replace(server);
            if (server.Failure is { } failure)
            {
                // A server that is silent keeps those waiting that have asked it already.
                PoolOf(server.Address).Clear(interrupt: failure.Number == MongoWireErrors.TimedOut, failure);
            }
        }
    }

    /// <summary>What a command or a new connection met.</summary>
    internal void HandleError(ApplicationError error)
    {
        lock (_lock)
        {
            var known = Topology.Servers.GetValueOrDefault(error.Host);
            if (
                known is null
                || error.Generation < PoolOf(error.Host).Generation
                || TopologyVersion.Compare(known.TopologyVersion, error.TopologyVersion) >= 0
            )
            {
                return;
            }

            if (error.IsStateChange)
            {
                Distrust(error, clear: error.IsShutdown || error.Stage != ErrorStage.Established);
                Check(error.Host);
            }
            else if (error.Stage == ErrorStage.Connecting && error.Kind != ErrorKind.Command)
            {
                // A server may refuse connections because it has too many. Its monitor, which is connected, will tell.
                Check(error.Host);
            }
            else if (!error.IsOverload && IsLoss(error))
            {
                Distrust(error, clear: true);
                _monitors[error.Host].CancelCheck();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        List<IServerMonitor> monitors;
        List<ConnectionPool> pools;
        lock (_lock)
        {
            _disposed = true;
            monitors = [.. _monitors.Values];
            pools = [.. _pools.Values];
        }

        foreach (var monitor in monitors)
        {
            await monitor.DisposeAsync();
        }

        foreach (var pool in pools)
        {
            pool.Dispose();
        }
    }

    /// <summary>A slow answer on an established connection is no sign of a lost server.</summary>
    private static bool IsLoss(ApplicationError error) =>
        error.Stage != ErrorStage.Established || error.Kind == ErrorKind.Network;

    private void Distrust(ApplicationError error, bool clear)
    {
        Replace(ServerDescription.Failed(error.Host, error.Failure) with { TopologyVersion = error.TopologyVersion });
        if (clear)
        {
            PoolOf(error.Host).Clear(interrupt: false, error.Failure);
        }
    }

    private void Replace(ServerDescription server)
    {
        if (_disposed)
        {
            return;
        }

        var before = Topology;
        Topology = TopologyMachine.Apply(before, server);
        FollowServers();
        foreach (var deposed in Topology.Servers.Values.Where(one => IsDeposed(one, before, server)))
        {
            Check(deposed.Address);
        }

        var changed = _changed;
        _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.SetResult();
    }

    /// <summary>A primary before, and unknown since another one was found.</summary>
    private static bool IsDeposed(ServerDescription one, TopologyDescription before, ServerDescription reported) =>
        one.Type == ServerType.Unknown
        && one.Address != reported.Address
        && before.Servers.GetValueOrDefault(one.Address)?.Type == ServerType.Primary;

    private void Check(HostAddress host)
    {
        if (_monitors.TryGetValue(host, out var monitor))
        {
            monitor.RequestCheck();
        }
    }

    /// <summary>One monitor for each server in sight; those of servers that left end by themselves.</summary>
    private void FollowServers()
    {
        foreach (var address in Topology.Servers.Keys)
        {
            if (!_monitors.ContainsKey(address))
            {
                _monitors.Add(address, _watch(address, Report));
            }
        }

        foreach (var gone in _monitors.Keys.Where(address => !Topology.Servers.ContainsKey(address)).ToList())
        {
            _monitors.Remove(gone, out var monitor);
            _ = monitor!.DisposeAsync().AsTask();
            PoolOf(gone).Clear(interrupt: false, new ObjectDisposedException("pool of a server that left"));
        }
    }
}

using Backup.MongoWire.Uri;

namespace Backup.MongoWire.Client;

/// <summary>The topology as it changes: monitors and pools come and go with its servers.</summary>
internal sealed class Deployment : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly ConnectionSettings _settings;
    private readonly TimeSpan _heartbeat;
    private readonly int _poolSize;
    private readonly Dictionary<HostAddress, ServerMonitor> _monitors = [];
    private readonly Dictionary<HostAddress, ConnectionPool> _pools = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _disposed;

    internal Deployment(TopologyDescription start, ConnectionSettings settings, TimeSpan heartbeat, int poolSize)
    {
        Topology = start;
        _settings = settings;
        _heartbeat = heartbeat;
        _poolSize = poolSize;
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
                pool = new ConnectionPool(host, _settings, _poolSize);
                _pools.Add(host, pool);
            }

            return pool;
        }
    }

    /// <summary>A command saw that the server is gone or no longer what it was.</summary>
    internal async Task DistrustAsync(HostAddress host, Exception reason, bool clearPool)
    {
        Report(new ServerDescription { Address = host, Error = reason.Message });
        if (clearPool)
        {
            await PoolOf(host).ClearAsync();
        }

        RequestCheck();
    }

    internal void Report(ServerDescription server)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            Topology = TopologyMachine.Apply(Topology, server);
            FollowServers();
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.SetResult();
    }

    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _disposed = true;
        }

        foreach (var monitor in _monitors.Values)
        {
            await monitor.DisposeAsync();
        }

        foreach (var pool in _pools.Values)
        {
            await pool.DisposeAsync();
        }
    }

    /// <summary>One monitor for each server in sight; those of servers that left end by themselves.</summary>
    private void FollowServers()
    {
        foreach (var address in Topology.Servers.Keys)
        {
            if (!_monitors.ContainsKey(address))
            {
                _monitors.Add(address, new ServerMonitor(address, _settings, _heartbeat, Report));
            }
        }

        foreach (var gone in _monitors.Keys.Where(address => !Topology.Servers.ContainsKey(address)).ToList())
        {
            _monitors.Remove(gone, out var monitor);
            _ = monitor!.DisposeAsync().AsTask();
        }
    }
}

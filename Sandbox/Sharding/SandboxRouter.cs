using System.Net;
using Backup.MongoWire.Listener;
using Backup.Sandbox.Sharding.Catalogue;
using Backup.Sandbox.Sharding.Routing;

namespace Backup.Sandbox;

/// <summary>One router of a cluster, on a socket of its own: what clients connect to. A test kills it, lets it hang and starts it again.</summary>
public sealed class SandboxRouter
{
    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(10);
    private readonly SandboxCluster _cluster;
    private volatile Router _router;
    private volatile TaskCompletionSource? _hanging;
    private volatile MongoListener? _listener;

    internal SandboxRouter(SandboxCluster cluster, int number)
    {
        _cluster = cluster;
        Number = number;
        _router = new Router(this, cluster);
        _listener = Listen(new IPEndPoint(cluster.ConfigServers.Options.EndPoint.Address, 0));
        EndPoint = _listener.EndPoint;
        cluster.Run(PingAlwaysAsync);
    }

    /// <summary>From 0, in the order in which they were started.</summary>
    public int Number { get; }

    public IPEndPoint EndPoint { get; }

    public SandboxFaults Faults { get; } = new();

    internal int Connections => _listener?.Connections ?? 0;

    /// <summary>It is gone with all its connections, cursors, and what it knew of transactions.</summary>
    public async Task KillAsync()
    {
        Hang();
        if (Interlocked.Exchange(ref _listener, null) is { } listener)
        {
            await listener.DisposeAsync();
        }

        _router.Cursors.RemoveAll();
    }

    /// <summary>Starts again after a kill, at the same address; it remembers nothing.</summary>
    public void Restart()
    {
        if (_listener is null)
        {
            _router = new Router(this, _cluster);
            _listener = Listen(EndPoint);
        }

        Thaw();
    }

    /// <summary>It keeps its connections and answers nobody, like a host that hangs.</summary>
    public void Hang() =>
        Interlocked.CompareExchange(
            ref _hanging,
            new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously),
            null
        );

    public void Thaw() => Interlocked.Exchange(ref _hanging, null)?.SetResult();

    internal async ValueTask AnswersAsync(CancellationToken cancellation)
    {
        while (_hanging is { } hanging)
        {
            await hanging.Task.WaitAsync(cancellation);
        }
    }

    /// <summary>Tells the config servers that it is there.</summary>
    internal Task PingAsync(CancellationToken cancellation) =>
        _cluster.Config.WriteAsync(
            writer =>
            {
                var now = writer.Engine.NowMilliseconds;
                var up = (long)(_cluster.Time.GetUtcNow() - _router.Started).TotalSeconds;
                writer.Set(
                    "mongos",
                    ConfigWriter.Id(EndPoint.ToString()),
                    w =>
                    {
                        w.BeginArray("advisoryHostFQDNs"u8).EndArray();
                        w.String("mongoVersion"u8, _router.Options.VersionText).DateTime("ping"u8, now);
                        w.Int64("up"u8, up).Boolean("waiting"u8, true);
                    },
                    upsert: true
                );
            },
            cancellation
        );

    internal async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _listener, null) is { } listener)
        {
            Thaw();
            await listener.DisposeAsync();
        }
    }

    private async Task PingAlwaysAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(PingInterval, _cluster.Time);
        while (await timer.WaitForNextTickAsync(stopping))
        {
            try
            {
                if (_listener is not null && _hanging is null)
                {
                    await PingAsync(stopping);
                }
            }
            catch (CommandFault)
            {
                // The config servers have no primary.
            }
        }
    }

    private MongoListener Listen(IPEndPoint at) =>
        MongoListener.Start(
            new ListenerOptions
            {
                EndPoint = at,
                Time = _cluster.Time,
                StopTimeout = TimeSpan.FromMilliseconds(500),
            },
            _router
        );
}

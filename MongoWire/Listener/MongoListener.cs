using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Backup.MongoWire.Listener;

/// <summary>Serves the MongoDB wire protocol on an endpoint; real drivers and tools can talk to it.</summary>
public sealed class MongoListener : IAsyncDisposable
{
    private readonly ListenerOptions _options;
    private readonly ICommandHandler _handler;
    private readonly Socket _socket;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _killing = new();
    private readonly ConcurrentDictionary<long, Task> _connections = new();
    private readonly Task _accepting;
    private long _lastId;
    private int _disposed;

    private MongoListener(ListenerOptions options, ICommandHandler handler, Socket socket)
    {
        _options = options;
        _handler = handler;
        _socket = socket;
        EndPoint = (IPEndPoint)socket.LocalEndPoint!;
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens, with the port that was taken.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Connections that are open now.</summary>
    public int Connections => _connections.Count;

    /// <summary>Binds and starts to accept.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2150 where the endpoint cannot be bound.</exception>
    public static MongoListener Start(ListenerOptions options, ICommandHandler handler)
    {
        var socket = new Socket(options.EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(options.EndPoint);
            socket.Listen(512);
            return new MongoListener(options, handler, socket);
        }
        catch (SocketException failure)
        {
            socket.Dispose();
            throw MongoWireErrors.CannotListen(options.EndPoint, failure);
        }
    }

    /// <summary>Accepts nobody, waits a moment for requests in work, then closes every connection.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _stopping.CancelAsync();
        _socket.Dispose();
        await _accepting;
        var all = Task.WhenAll(_connections.Values);
        try
        {
            await all.WaitAsync(_options.StopTimeout, _options.Time);
        }
        catch (TimeoutException)
        {
            await _killing.CancelAsync();
            await all;
        }

        _stopping.Dispose();
        _killing.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            Socket client;
            try
            {
                client = await _socket.AcceptAsync(_stopping.Token);
            }
            catch (Exception stopped) when (stopped is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // A client that hung up before it was accepted, or no descriptors left: neither ends the service.
                await Task.Delay(TimeSpan.FromMilliseconds(10), _options.Time);
                continue;
            }

            Serve(client);
        }
    }

    private void Serve(Socket client)
    {
        if (_connections.Count >= _options.MaxConnections)
        {
            client.Dispose();
            return;
        }

        var id = Interlocked.Increment(ref _lastId);
        var session = new ListenerSession(_options, _handler, client, id, _stopping.Token, _killing.Token);
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _connections[id] = ServeAsync(session, id, started.Task);
        started.SetResult();
    }

    private async Task ServeAsync(ListenerSession session, long id, Task started)
    {
        await started;
        try
        {
            await session.RunAsync();
        }
        finally
        {
            _connections.TryRemove(id, out _);
        }
    }
}

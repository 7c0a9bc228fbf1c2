using System.Net;
using System.Net.Sockets;

namespace Backup.Tests.EndToEnd.Scale;

/// <summary>A balancer of connections before several servers: each connection goes to any of those that take it.</summary>
internal sealed class Balancer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly IReadOnlyList<int> _ports;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    /// <param name="ports">Of the servers, on loopback.</param>
    internal Balancer(IReadOnlyList<int> ports)
    {
        _ports = ports;
        _listener.Start();
        _loop = Task.Run(AcceptAsync);
    }

    internal int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            var client = await _listener.AcceptTcpClientAsync(_stop.Token);
            _ = Task.Run(() => CarryAsync(client));
        }
    }

    private async Task CarryAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                using var server = await ConnectAsync();
                if (server is null)
                {
                    return;
                }

                var (near, far) = (client.GetStream(), server.GetStream());
                await Task.WhenAny(near.CopyToAsync(far, _stop.Token), far.CopyToAsync(near, _stop.Token));
            }
            catch (Exception broken) when (broken is IOException or SocketException or OperationCanceledException)
            {
                // Whoever was there is gone: the other side sees the end of the connection.
            }
        }
    }

    private async Task<TcpClient?> ConnectAsync()
    {
        foreach (var port in _ports.OrderBy(static _ => Random.Shared.Next()))
        {
            var server = new TcpClient();
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, port, _stop.Token);
                return server;
            }
            catch (SocketException)
            {
                server.Dispose();
            }
        }

        return null;
    }
}

using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Backup.BackupHttpServer;

namespace Backup.Tests.BackupHttpServer;

/// <summary>A TLS connection that says whatever a test likes.</summary>
internal sealed class TlsSocket : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly TcpClient _socket;

    private TlsSocket(TcpClient socket, SslStream tls)
    {
        _socket = socket;
        Tls = tls;
    }

    public SslStream Tls { get; }

    public static async Task<TlsSocket> ConnectAsync(
        BackupHttpServerHost server,
        SslApplicationProtocol? protocol = null
    )
    {
        var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, server.EndPoint.Port);
        var tls = new SslStream(socket.GetStream());
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                RemoteCertificateValidationCallback = static (_, _, _, _) => true,
                ApplicationProtocols = protocol is { } one ? [one] : [],
            }
        );
        return new TlsSocket(socket, tls);
    }

    public async Task SendAsync(string text) => await Tls.WriteAsync(Encoding.ASCII.GetBytes(text));

    /// <summary>Says that nothing more will come.</summary>
    public async Task EndAsync()
    {
        await Tls.ShutdownAsync();
        _socket.Client.Shutdown(SocketShutdown.Send);
    }

    /// <summary>All that is answered until the server closes the connection.</summary>
    public async Task<string> ReadAllAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        var answer = new MemoryStream();
        try
        {
            await Tls.CopyToAsync(answer, patience.Token);
        }
        catch (IOException)
        {
            // A server that closes while something is still sent to it resets the connection; what it said before is there.
        }

        return Encoding.UTF8.GetString(answer.ToArray());
    }

    /// <summary>So many bytes.</summary>
    public async Task<byte[]> ReadAsync(int count)
    {
        using var patience = new CancellationTokenSource(Patience);
        var bytes = new byte[count];
        await Tls.ReadExactlyAsync(bytes, patience.Token);
        return bytes;
    }

    public async ValueTask DisposeAsync()
    {
        await Tls.DisposeAsync();
        _socket.Dispose();
    }
}

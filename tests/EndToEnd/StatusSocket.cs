using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Backup.Tests.EndToEnd;

/// <summary>
/// The status as the appliance itself tells it to its host, on its own socket. For waiting: a command for every look would take most of the machine.
/// </summary>
internal static class StatusSocket
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <returns>Null where no appliance answers.</returns>
    internal static async Task<JsonElement?> ReadAsync(string dataFolder)
    {
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    var path = Path.Combine(dataFolder, "control.sock");
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
        using var client = new HttpClient(handler)
        {
            BaseAddress = new Uri("http://appliance"),
            Timeout = Patience,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        try
        {
            return JsonSerializer.Deserialize<JsonElement>(await client.GetStringAsync("/api/v1/status"));
        }
        catch (Exception absent) when (absent is HttpRequestException or IOException or TaskCanceledException)
        {
            return null;
        }
    }
}

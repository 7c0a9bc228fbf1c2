using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Backup.Tests.EndToEnd;

/// <summary>The public API on the appliance's own socket, as the host asks it. For waiting, too: a command for every look would take most of the machine.</summary>
internal static class HostSocket
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <returns>How everything is; null where no appliance answers.</returns>
    internal static async Task<JsonElement?> StatusAsync(string dataFolder)
    {
        try
        {
            return await SendAsync(dataFolder, HttpMethod.Get, "/status");
        }
        catch (Exception absent) when (absent is HttpRequestException or IOException or TaskCanceledException)
        {
            return null;
        }
    }

    /// <param name="dataFolder">Of the appliance.</param>
    /// <param name="method">Of HTTP.</param>
    /// <param name="path">Below the root of the API.</param>
    /// <param name="body">JSON; null: none.</param>
    internal static async Task<JsonElement> SendAsync(
        string dataFolder,
        HttpMethod method,
        string path,
        string? body = null
    )
    {
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    var address = Path.Combine(dataFolder, "control.sock");
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(address), cancellation);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
        using var client = new HttpClient(handler) { Timeout = Patience };
        using var request = new HttpRequestMessage(method, $"http://appliance/api/v1{path}")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json"),
        };
        using var answer = (await client.SendAsync(request)).EnsureSuccessStatusCode();
        return JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync());
    }
}

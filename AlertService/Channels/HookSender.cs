using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Backup.AlertService.Notices;
using Backup.Metadata.Alerting;

namespace Backup.AlertService.Channels;

/// <summary>
/// Posts to webhooks and to what takes Slack's messages. Of the answer only its number is looked at, and redirects are not followed: a URL that somebody sets shows
/// them nothing of the network that the appliance is in.
/// </summary>
internal sealed class HookSender(TimeProvider time) : IDisposable
{
    internal const string SignatureHeader = "Backup-Signature";
    internal const string DeliveryHeader = "Backup-Delivery";
    private const int LongestSlackText = 2900;

    private readonly HttpClient _http = new(
        new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ConnectCallback = ConnectAsync,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        }
    )
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    public void Dispose() => _http.Dispose();

    /// <param name="channel">Of kind webhook.</param>
    /// <param name="secret">What it signs with; null: nothing is signed.</param>
    /// <param name="message">All alerts at once, or, with a template, one after the other.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task PostAsync(ChannelRecord channel, byte[]? secret, Message message, CancellationToken cancellation)
    {
        var settings = ChannelSettings.WebhookOf(channel);
        if (settings.Template is not { } template)
        {
            await SendAsync(settings.Url, WebhookBody.Standard(message), message, secret, cancellation);
            return;
        }

        foreach (var one in message.IsTest ? [null] : message.Alerts.Select(static one => (TellingOf?)one))
        {
            var body = WebhookBody.Of(template, message, one);
            await SendAsync(settings.Url, Encoding.UTF8.GetBytes(body), message, secret, cancellation);
        }
    }

    /// <param name="url">The channel's secret.</param>
    /// <param name="message">One message for all alerts.</param>
    /// <param name="cancellation">Gives up.</param>
    public Task SlackAsync(string url, Message message, CancellationToken cancellation)
    {
        var text = new StringBuilder($"*{Plain(NoticeText.Title(message))}*\n");
        foreach (var one in message.Alerts)
        {
            text.Append($"\n*{Plain(NoticeText.Word(one))}: {Plain(NoticeText.Headline(one.Alert))}*\n");
            foreach (var (name, line) in NoticeText.Lines(one))
            {
                text.Append($"{name}: {Plain(line)}\n");
            }
        }

        if (message.Link is { } link)
        {
            text.Append($"\n<{new Uri(link, "alerts").AbsoluteUri}|Look at the alerts>");
        }

        var shown = text.Length > LongestSlackText ? $"{text.ToString(0, LongestSlackText)}…" : text.ToString();
        var body = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["text"] = shown });
        return SendAsync(url, body, message, secret: null, cancellation);
    }

    /// <summary>The receiver makes the same from the time, a full stop, and the body, and compares; an old time is somebody who sends it again.</summary>
    internal static string Sign(byte[] secret, long seconds, byte[] body)
    {
        byte[] signed = [.. Encoding.ASCII.GetBytes($"{seconds.ToString(CultureInfo.InvariantCulture)}."), .. body];
        return $"t={seconds},v1={Convert.ToHexStringLower(HMACSHA256.HashData(secret, signed))}";
    }

    private async Task SendAsync(
        string url,
        byte[] body,
        Message message,
        byte[]? secret,
        CancellationToken cancellation
    )
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json") { CharSet = "utf-8" };
        request.Headers.Add(DeliveryHeader, message.Id);
        if (secret is not null)
        {
            request.Headers.Add(SignatureHeader, Sign(secret, time.GetUtcNow().ToUnixTimeSeconds(), body));
        }

        try
        {
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            if (!answer.IsSuccessStatusCode)
            {
                throw AlertServiceErrors.HookRefused(new Uri(url).Host, (int)answer.StatusCode);
            }
        }
        catch (HttpRequestException failure)
        {
            throw AlertServiceErrors.HookUnreachable(new Uri(url).Host, failure.Message, failure);
        }
    }

    /// <summary>Not to what only this machine may ask: addresses of the link are where clouds tell a machine its own secrets.</summary>
    private static async ValueTask<Stream> ConnectAsync(
        SocketsHttpConnectionContext context,
        CancellationToken cancellation
    )
    {
        var addresses = (await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, cancellation))
            .Where(static one => !IsOfTheLink(one))
            .ToArray();
        if (addresses.Length == 0)
        {
            throw new HttpRequestException($"{context.DnsEndPoint.Host} has no address that may be asked");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, context.DnsEndPoint.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static bool IsOfTheLink(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return plain.IsIPv6LinkLocal
            || plain.Equals(IPAddress.Any)
            || plain.Equals(IPAddress.IPv6Any)
            || (plain.AddressFamily == AddressFamily.InterNetwork && plain.GetAddressBytes() is [169, 254, ..]);
    }

    /// <summary>What Slack would take for markup is none.</summary>
    private static string Plain(string text) =>
        text.Replace("&", "&amp;", StringComparison.Ordinal)
            .Replace("<", "&lt;", StringComparison.Ordinal)
            .Replace(">", "&gt;", StringComparison.Ordinal);
}

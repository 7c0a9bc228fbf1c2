using System.Collections.Concurrent;
using System.Diagnostics;
using Backup.Tests.AlertService;

namespace Backup.Tests.EndToEnd.Detection;

/// <summary>A real mail server, and what an appliance tells it.</summary>
internal sealed class MailBox : IAsyncDisposable
{
    private const string To = "ops@example.org";

    private readonly SmtpServer _server;
    private readonly ConcurrentQueue<(ReceivedMail Mail, long At)> _taken = [];
    private readonly Task _reading;

    private MailBox(SmtpServer server)
    {
        _server = server;
        _reading = Task.Run(ReadAsync);
    }

    /// <summary>Of mails so far, for whoever waits in vain.</summary>
    internal string Subjects => string.Join('\n', _taken.Select(static one => one.Mail.Subject));

    internal static async Task<MailBox> OpenAsync() => new(await SmtpServer.StartAsync());

    /// <summary>From now on the appliance mails what is wrong with any deployment, and with itself.</summary>
    internal async Task SubscribeAsync(ApplianceProcess appliance)
    {
        string[] server = ["alerts", "mail", "set", "127.0.0.1", "--port", $"{_server.Port}", "--no-tls"];
        (await appliance.RunAsync([.. server, "--from", "backup@example.org"])).Succeeded();
        (await appliance.RunAsync("alerts", "channels", "add", "ops", "--mail", To, "--appliance")).Succeeded();
    }

    /// <summary>The first mail that tells one of these errors as something new.</summary>
    /// <param name="codes">For example BK8851.</param>
    /// <param name="atMost">How long it is waited for.</param>
    /// <returns>The mail, and when it was here, as <see cref="Stopwatch.GetTimestamp"/> tells it.</returns>
    internal async Task<(ReceivedMail Mail, long At)> ToldAsync(IReadOnlyList<string> codes, TimeSpan atMost)
    {
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(100))
        {
            foreach (var one in _taken)
            {
                var text = one.Mail.Parts["text/plain"];
                if (codes.Any(code => text.Contains($"({code})", StringComparison.Ordinal)))
                {
                    return one;
                }
            }

            if (watch.Elapsed > atMost)
            {
                throw new TimeoutException(
                    $"No mail of {string.Join(", ", codes)} in {atMost.TotalSeconds:0} s. What came:\n{Subjects}"
                );
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _reading;
    }

    private async Task ReadAsync()
    {
        while (await _server.TryReceiveAsync() is { } mail)
        {
            _taken.Enqueue((mail, Stopwatch.GetTimestamp()));
        }
    }
}

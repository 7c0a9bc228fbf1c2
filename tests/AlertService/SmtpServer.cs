using System.Diagnostics;
using System.Text.Json;
using Backup.Tests.Support;

namespace Backup.Tests.AlertService;

/// <summary>A mail as a real server (Debian's python3-aiosmtpd) took it.</summary>
internal sealed record ReceivedMail(
    string From,
    IReadOnlyList<string> To,
    bool Tls,
    string? User,
    string Subject,
    IReadOnlyDictionary<string, string> Headers,
    IReadOnlyDictionary<string, string> Parts
);

/// <summary>That server, as a process of its own.</summary>
internal sealed class SmtpServer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly Process _process;
    private bool _isOver;

    private SmtpServer(Process process, int port) => (_process, Port) = (process, port);

    public int Port { get; }

    /// <param name="certificate">PEM with the key: STARTTLS is wanted then.</param>
    /// <param name="user">Null: nobody logs in.</param>
    /// <param name="password">Of the user.</param>
    public static async Task<SmtpServer> StartAsync(
        string? certificate = null,
        string? user = null,
        string? password = null
    )
    {
        var process = Process.Start(
            new ProcessStartInfo(
                SmtpFactAttribute.Python,
                [
                    Path.Combine(AppContext.BaseDirectory, "smtp_server.py"),
                    certificate ?? "-",
                    user ?? "-",
                    password ?? "-",
                ]
            )
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            }
        )!;
        var line = await process.StandardOutput.ReadLineAsync().WaitAsync(Patience);
        return new SmtpServer(process, JsonDocument.Parse(line!).RootElement.GetProperty("port").GetInt32());
    }

    /// <param name="patience">How long it is waited for.</param>
    public async Task<ReceivedMail> ReceiveAsync(TimeSpan? patience = null)
    {
        var line = await _process.StandardOutput.ReadLineAsync().WaitAsync(patience ?? Patience);
        return JsonSerializer.Deserialize<ReceivedMail>(line!, JsonSerializerOptions.Web)!;
    }

    /// <returns>Null where the server has ended.</returns>
    public async Task<ReceivedMail?> TryReceiveAsync() =>
        await _process.StandardOutput.ReadLineAsync() is { } line
            ? JsonSerializer.Deserialize<ReceivedMail>(line, JsonSerializerOptions.Web)
            : null;

    public async ValueTask DisposeAsync()
    {
        if (_isOver)
        {
            return;
        }

        _isOver = true;
        _process.StandardInput.Close();
        await _process.WaitForExitAsync().WaitAsync(Patience);
        _process.Dispose();
    }
}

/// <summary>Needs Debian's python3-aiosmtpd.</summary>
public sealed class SmtpFactAttribute() : ConditionalFactAttribute(Missing())
{
    internal const string Python = "/usr/bin/python3";

    internal static string? Missing()
    {
        if (!File.Exists(Python))
        {
            return $"SKIPPED: needs {Python}";
        }

        using var asked = Process.Start(
            new ProcessStartInfo(Python, ["-c", "import aiosmtpd"]) { RedirectStandardError = true }
        )!;
        asked.WaitForExit();
        return asked.ExitCode == 0 ? null : "SKIPPED: needs python3-aiosmtpd (apt-get install python3-aiosmtpd)";
    }
}

using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Backup.Tests.Support;

namespace Backup.Tests.EndToEnd;

/// <summary><c>backup-agent</c> as an operator runs it on another host: enrolled with a token of the appliance, in a folder of its own.</summary>
internal sealed class ExternalAgent : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StringBuilder _log = new();
    private Process? _process;

    /// <summary>The folder of the program.</summary>
    internal string App { get; set; } = SourceTree.At(".build", "app");

    internal string Data => _folder.File("agent");

    internal string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    /// <summary>Makes a token and enrols with it; the token comes by a file.</summary>
    /// <param name="appliance">Makes the token.</param>
    /// <param name="port">Of a balancer before the appliance; null: its own.</param>
    internal static async Task<ExternalAgent> EnrolAsync(ApplianceProcess appliance, int? port = null)
    {
        var agent = new ExternalAgent { App = appliance.App };
        var token = (await appliance.RunAsync("agents", "token")).Succeeded().Json;
        var file = agent._folder.File("token");
        await File.WriteAllTextAsync(file, token.GetProperty("token").GetString());
        var server = new UriBuilder(token.GetProperty("server").GetString()!) { Host = "localhost" };
        server.Port = port ?? server.Port;
        _ = (await agent.RunAsync("enroll", "--server", server.ToString(), "--token-file", file)).Succeeded();
        return agent;
    }

    /// <summary>The id that the server gave it.</summary>
    internal string Id =>
        JsonDocument
            .Parse(File.ReadAllText(Path.Combine(Data, "agent.json")))
            .RootElement.GetProperty("agentId")
            .GetString()!;

    internal void Start()
    {
        _process = new Process { StartInfo = StartInfo(["run"]) };
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_log)
            {
                _log.AppendLine(line.Data);
            }
        };
        _process.Start();
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
    }

    internal async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    internal int ProcessId => _process!.Id;

    /// <summary>SIGTERM, as a service manager stops it.</summary>
    internal async Task<int> StopAsync()
    {
        await SignalAsync(ProcessId, "-TERM");
        await _process!.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
        return _process.ExitCode;
    }

    /// <summary>Another verb on the same folder.</summary>
    internal async Task<CommandResult> RunAsync(params string[] arguments)
    {
        using var process = Process.Start(StartInfo(arguments))!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(2));
        return new CommandResult(process.ExitCode, await output, await errors);
    }

    internal static async Task SignalAsync(int process, string signal)
    {
        using var kill = Process.Start("kill", [signal, $"{process}"]);
        await kill.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            await KillAsync();
        }

        _process?.Dispose();
        _folder.Dispose();
    }

    private ProcessStartInfo StartInfo(string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(App, "backup-agent"))
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in (string[])[.. arguments, "--data", Data])
        {
            start.ArgumentList.Add(argument);
        }

        return start;
    }
}

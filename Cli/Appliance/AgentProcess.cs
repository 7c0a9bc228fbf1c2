using System.Diagnostics;
using Backup.Foundation.Errors;
using Backup.Foundation.Files;
using Microsoft.Extensions.Logging;

namespace Backup.Cli.Appliance;

/// <summary>
/// The agent as a child process, as a user would start it: enrolled where it is not (again, where that was cut off), then run, and started again when
/// it ends. It watches its standard input and stops when that closes, so that no agent outlives a killed appliance.
/// </summary>
internal sealed partial class AgentProcess : IAsyncDisposable
{
    /// <summary>
    /// 4 MiB, in hex. By itself the runtime lets as much garbage grow as the processor's cache is large, which may be a hundred MiB; it takes
    /// this from the environment alone.
    /// </summary>
    private static readonly (string Name, string Bytes) NurserySize = ("DOTNET_GCgen0size", "400000");

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>What the agent answers when another program was put into its place: start that one. Its own contract, see docs/agent.md.</summary>
    private const int StartAgain = 75;

    private static readonly TimeSpan SettlePatience = TimeSpan.FromSeconds(30);

    private readonly string _program;
    private readonly DataFolder _folder;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private Uri? _server;
    private Func<CancellationToken, Task<string>>? _makeToken;
    private Task _running = Task.CompletedTask;

    internal AgentProcess(DataFolder folder, TimeProvider time, ILogger logger)
    {
        _folder = folder;
        _time = time;
        _logger = logger;
        _program = Path.Combine(AppContext.BaseDirectory, "backup-agent");
        if (!File.Exists(_program))
        {
            throw CliErrors.NoAgent(_program);
        }
    }

    private bool IsEnrolled => File.Exists(Path.Combine(_folder.Agent, "agent.json"));

    /// <summary>The token is handed over in a file: a command line is seen by everybody on the host.</summary>
    private async Task EnrolAsync(string token, CancellationToken cancellation)
    {
        var tokenFile = Path.Combine(_folder.Root, "enrolment-token");
        DurableFile.WriteSecret(tokenFile, System.Text.Encoding.UTF8.GetBytes(token));
        try
        {
            using var process = Start([
                "enroll",
                "--server",
                _server!.ToString(),
                "--token-file",
                tokenFile,
                "--data",
                _folder.Agent,
            ]);
            await WaitOrStopAsync(process, cancellation);
            if (process.ExitCode != 0)
            {
                LogEnrolmentFailed(process.ExitCode);
            }
        }
        finally
        {
            DurableFile.Delete(tokenFile);
        }
    }

    /// <summary>Starts it and keeps it running until disposed.</summary>
    /// <param name="server">The address of the server for agents: it may listen on another port than at the enrolment.</param>
    /// <param name="makeToken">Called before each enrolment: a token is good for one.</param>
    internal void Run(Uri server, Func<CancellationToken, Task<string>> makeToken)
    {
        (_server, _makeToken) = (server, makeToken);
        _running = KeepRunningAsync(_stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task KeepRunningAsync(CancellationToken cancellation)
    {
        var pause = TimeSpan.FromSeconds(1);
        while (!cancellation.IsCancellationRequested)
        {
            var started = _time.GetTimestamp();
            try
            {
                if (!IsEnrolled)
                {
                    await EnrolAsync(await _makeToken!(cancellation), cancellation);
                }

                if (IsEnrolled)
                {
                    await RunOnceAsync(cancellation);
                }
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (System.ComponentModel.Win32Exception failure)
            {
                LogAgentNotStarted(failure.Message);
                await SettleAsync(cancellation);
            }
            catch (BackupException failure)
            {
                LogNoToken(failure);
            }

            if (cancellation.IsCancellationRequested)
            {
                return;
            }

            pause = _time.GetElapsedTime(started) > LongestPause ? TimeSpan.FromSeconds(1) : pause;
            await Task.Delay(pause, _time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private async Task RunOnceAsync(CancellationToken cancellation)
    {
        using var process = Start([
            "run",
            "--data",
            _folder.Agent,
            "--server",
            _server!.ToString(),
            "--stop-with-input",
        ]);
        await WaitOrStopAsync(process, cancellation);
        if (cancellation.IsCancellationRequested)
        {
            return;
        }

        LogAgentEnded(process.ExitCode);
        if (process.ExitCode != StartAgain)
        {
            await SettleAsync(cancellation);
        }
    }

    /// <summary>
    /// Where the agent failed while an update of it is on trial: the program before takes it back. It need not be this one, which may not even start.
    /// </summary>
    private async Task SettleAsync(CancellationToken cancellation)
    {
        var before = _program + ".previous";
        if (!File.Exists(Path.Combine(_folder.Agent, "update.json")) || !File.Exists(before))
        {
            return;
        }

        try
        {
            using var process = Start(["update", "--settle", "--data", _folder.Agent], before);
            process.StandardInput.Close();
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            patience.CancelAfter(SettlePatience);
            await process.WaitForExitAsync(patience.Token);
        }
        catch (Exception failure) when (failure is System.ComponentModel.Win32Exception or OperationCanceledException)
        {
            LogAgentNotStarted(failure.Message);
        }
    }

    private static async Task WaitOrStopAsync(Process process, CancellationToken cancellation)
    {
        try
        {
            await process.WaitForExitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            process.StandardInput.Close();
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            try
            {
                await process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                process.Kill();
            }
        }
    }

    private Process Start(string[] arguments, string? program = null)
    {
        var start = new ProcessStartInfo(program ?? _program)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            WorkingDirectory = _folder.Root,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment.TryAdd(NurserySize.Name, NurserySize.Bytes);
        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => LogAgent(line.Data);
        process.ErrorDataReceived += (_, line) => LogAgent(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private void LogAgent(string? line)
    {
        if (!string.IsNullOrWhiteSpace(line))
        {
            LogAgentLine(line);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "agent: {Line}")]
    private partial void LogAgentLine(string line);

    [LoggerMessage(2, LogLevel.Warning, "The agent ended with exit code {ExitCode}; it is started again")]
    private partial void LogAgentEnded(int exitCode);

    [LoggerMessage(3, LogLevel.Error, "The agent could not be started: {Reason}")]
    private partial void LogAgentNotStarted(string reason);

    [LoggerMessage(4, LogLevel.Error, "The enrolment of the agent failed with exit code {ExitCode}; it is tried again")]
    private partial void LogEnrolmentFailed(int exitCode);

    [LoggerMessage(5, LogLevel.Error, "No token could be made for the agent's enrolment; it is tried again")]
    private partial void LogNoToken(Exception failure);
}

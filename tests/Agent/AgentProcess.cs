using System.Diagnostics;
using System.Text;
using Backup.Agent.Commands;
using Backup.Agent.Configuration;
using Backup.Tests.Support;

namespace Backup.Tests.Agent;

/// <summary><c>backup-agent run</c> as a process of its own.</summary>
internal sealed class AgentProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _log = new();

    public AgentProcess(Appliance appliance, params string[] more)
        : this(appliance, keepsIdentity: false, more) { }

    /// <param name="appliance">Its server.</param>
    /// <param name="keepsIdentity">As the process before left it.</param>
    /// <param name="more">Arguments.</param>
    public AgentProcess(Appliance appliance, bool keepsIdentity, params string[] more)
        : this(
            appliance,
            appliance.Identity,
            "agent",
            new ProcessStartInfo("dotnet") { ArgumentList = { typeof(AgentCommands).Assembly.Location } },
            keepsIdentity,
            more
        ) { }

    /// <summary>One of several agents.</summary>
    public AgentProcess(Appliance appliance, AgentIdentity identity, string name)
        : this(
            appliance,
            identity,
            name,
            new ProcessStartInfo("dotnet") { ArgumentList = { typeof(AgentCommands).Assembly.Location } },
            keepsIdentity: false
        ) { }

    private AgentProcess(
        Appliance appliance,
        AgentIdentity identity,
        string name,
        ProcessStartInfo start,
        bool keepsIdentity,
        params string[] more
    )
    {
        var folder = appliance.Folder(name);
        if (!keepsIdentity)
        {
            identity.Save(folder);
        }

        start.UseShellExecute = false;
        start.RedirectStandardInput = true;
        start.RedirectStandardError = true;
        start.RedirectStandardOutput = true;
        foreach (var argument in (string[])["run", "--data", folder, .. more])
        {
            start.ArgumentList.Add(argument);
        }

        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, line) =>
        {
            lock (_log)
            {
                _ = _log.AppendLine(line.Data);
            }
        };
        _process.BeginErrorReadLine();
    }

    /// <summary>Another verb on that agent's folder.</summary>
    public static async Task<VerbResult> VerbAsync(Appliance appliance, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            ArgumentList = { typeof(AgentCommands).Assembly.Location },
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        foreach (var argument in (string[])[.. arguments, "--data", appliance.Folder("agent")])
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));
        return new VerbResult(process.ExitCode, await output, await errors);
    }

    /// <summary>The program as it is shipped: trimmed, compiled beforehand. Built by installer/build-app, which ./test runs first.</summary>
    public static AgentProcess Shipped(Appliance appliance)
    {
        var program = SourceTree.At(".build", "app", "backup-agent");
        return File.Exists(program)
            ? new AgentProcess(
                appliance,
                appliance.Identity,
                "agent",
                new ProcessStartInfo(program),
                keepsIdentity: false
            )
            : throw new FileNotFoundException("Not built yet: run installer/build-app.", program);
    }

    public string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    /// <summary>Peak resident memory so far, in bytes.</summary>
    public long PeakMemory
    {
        get
        {
            var line = File.ReadLines($"/proc/{_process.Id}/status")
                .First(one => one.StartsWith("VmHWM", StringComparison.Ordinal));
            return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) * 1024;
        }
    }

    public void CloseInput() => _process.StandardInput.Close();

    public Task TerminateAsync() => SignalAsync("-TERM");

    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [signal, $"{_process.Id}"]);
        await kill.WaitForExitAsync();
    }

    public async Task<int> ExitAsync(TimeSpan atMost)
    {
        await _process.WaitForExitAsync().WaitAsync(atMost);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }
}

/// <summary>What a verb printed and answered.</summary>
internal sealed record VerbResult(int ExitCode, string Output, string Errors);

using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Backup.Tests.Support;

namespace Backup.Tests.EndToEnd;

/// <summary>What a command printed and answered.</summary>
internal sealed record CommandResult(int ExitCode, string Output, string Errors)
{
    internal JsonElement Json => JsonSerializer.Deserialize<JsonElement>(Output);

    /// <summary>The code of a JSON error, on whichever stream it stands.</summary>
    internal string ErrorCode =>
        JsonSerializer
            .Deserialize<JsonElement>(Output.Length > 0 ? Output : Errors)
            .GetProperty("error")
            .GetProperty("code")
            .GetString()!;

    /// <summary>The result, where the command did its work.</summary>
    internal CommandResult Succeeded() =>
        ExitCode == 0
            ? this
            : throw new InvalidOperationException($"The command ended with exit code {ExitCode}:\n{Output}\n{Errors}");
}

/// <summary><c>backup up</c> as a process of its own on a data folder, and the other commands beside it, as a user runs them.</summary>
internal sealed class ApplianceProcess : IAsyncDisposable
{
    private static readonly string Programs = SourceTree.At(".build", "app");
    private readonly StringBuilder _output = new();
    private Process? _process;

    /// <param name="data">The data folder; removed at the end. A fresh one unless given.</param>
    internal ApplianceProcess(string? protect, string? data = null)
    {
        Protect = protect;
        Data = data ?? Path.Combine(Path.GetTempPath(), $"backup-e2e-{Guid.NewGuid():N}");
    }

    internal string? Protect { get; set; }

    /// <summary>What <see cref="Up"/> starts: <c>up</c>, <c>server</c> or <c>daemon</c>.</summary>
    internal string Verb { get; init; } = "up";

    /// <summary>Whether it was started and has not ended.</summary>
    internal bool IsRunning => _process is { HasExited: false };

    /// <summary>The folder of the programs that <see cref="Up"/> starts, and of the commands.</summary>
    internal string App { get; set; } = Programs;

    /// <summary>Of <see cref="Up"/>: the network namespace that it runs in; null: this process's.</summary>
    internal string? Network { get; set; }

    internal string Data { get; }

    /// <summary>Where agents connect, and downloads come from; any free port unless given.</summary>
    internal int AgentsPort { get; init; }

    /// <summary>Where the pages and the API are; any free port unless given.</summary>
    internal int HttpPort { get; init; }

    /// <summary>Environment variables of <see cref="Up"/>.</summary>
    internal Dictionary<string, string> Variables { get; } = [];

    internal string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    internal int ProcessId => _process!.Id;

    internal void Up(params string[] more)
    {
        string[] ports = Verb == "daemon" ? ["--health", "0"] : ["--http", $"{HttpPort}", "--agents", $"{AgentsPort}"];
        var start = StartInfo([Verb, "--data", Data, .. ports, .. more], App);
        if (Network is { } network)
        {
            // It runs the program in its own place: the process is the same.
            foreach (var (at, word) in new[] { "netns", "exec", network, start.FileName }.Index())
            {
                start.ArgumentList.Insert(at, word);
            }

            start.FileName = "ip";
        }

        if (Protect is not null)
        {
            start.Environment["BACKUP_PROTECT"] = Protect;
        }

        foreach (var (name, value) in Variables)
        {
            start.Environment[name] = value;
        }

        // As under a service manager: no terminal.
        start.RedirectStandardInput = true;
        var process = new Process { StartInfo = start };
        process.OutputDataReceived += Collect;
        process.ErrorDataReceived += Collect;
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        // Others may look at it from now on.
        _process = process;
    }

    /// <summary>Waits for the process to end by itself.</summary>
    internal async Task<int> ExitAsync(TimeSpan atMost)
    {
        await _process!.WaitForExitAsync().WaitAsync(atMost);
        return _process.ExitCode;
    }

    /// <summary>kill -9 of the appliance; its agent follows by itself.</summary>
    internal async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>kill -9 of the agents that belong to this data folder.</summary>
    internal int KillAgents()
    {
        var killed = 0;
        foreach (var agent in Process.GetProcessesByName("backup-agent"))
        {
            using (agent)
            {
                if (CommandLine(agent.Id).Contains(Data, StringComparison.Ordinal))
                {
                    agent.Kill();
                    killed++;
                }
            }
        }

        return killed;
    }

    /// <summary>Process ids of the agents that belong to this data folder.</summary>
    internal List<int> AgentIds() =>
        [
            .. Process
                .GetProcessesByName("backup-agent")
                .Select(agent => agent.Id)
                .Where(id => CommandLine(id).Contains(Data, StringComparison.Ordinal)),
        ];

    /// <summary>The address of the server for agents, as the running agent was told it.</summary>
    internal Uri? ServerAddress()
    {
        foreach (var id in AgentIds())
        {
            var words = CommandLine(id).Split('\0');
            if (Array.IndexOf(words, "--server") is var at and >= 0)
            {
                return new Uri(words[at + 1]);
            }
        }

        return null;
    }

    /// <summary>Sends a signal, for example <c>-STOP</c>.</summary>
    internal static async Task SignalAsync(int process, string signal)
    {
        using var kill = Process.Start("kill", [signal, $"{process}"]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Peak resident memory in bytes of the appliance, and of its agent.</summary>
    internal (long Appliance, long Agent) PeakMemory()
    {
        var agent = Process
            .GetProcessesByName("backup-agent")
            .Where(process => CommandLine(process.Id).Contains(Data, StringComparison.Ordinal))
            .Select(process => HighWater(process.Id))
            .DefaultIfEmpty(0)
            .Max();
        return (HighWater(_process!.Id), agent);
    }

    /// <summary>SIGTERM, as a service manager stops it.</summary>
    internal async Task<int> StopAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{_process!.Id}"]);
        await kill.WaitForExitAsync();
        return await ExitAsync(TimeSpan.FromSeconds(60));
    }

    /// <summary>One command on the same data folder, with --json.</summary>
    internal Task<CommandResult> RunAsync(params string[] arguments) =>
        ResultAsync(StartInfo([.. arguments, "--data", Data, "--json"], App));

    /// <summary>The same with the environment of <see cref="Up"/>: a command that opens the folder itself has to know the stores.</summary>
    internal async Task<CommandResult> RunConfiguredAsync(params string[] arguments)
    {
        using var process = Start([.. Variables.Select(static one => (one.Key, one.Value))], arguments);
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(5));
        return new CommandResult(process.ExitCode, await output, await errors);
    }

    /// <summary>The same with a line as its standard input.</summary>
    internal async Task<CommandResult> RunWithInputAsync(string line, params string[] arguments)
    {
        var start = StartInfo([.. arguments, "--data", Data, "--json"], App);
        start.RedirectStandardInput = true;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteLineAsync(line);
        process.StandardInput.Close();
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(5));
        return new CommandResult(process.ExitCode, await output, await errors);
    }

    /// <summary>A command on the same data folder that is left to itself: nobody reads what it writes.</summary>
    internal Process Start((string Name, string Value)[] variables, params string[] arguments)
    {
        var start = StartInfo([.. arguments, "--data", Data, "--json"], App);
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    /// <summary>One command on the same data folder whose standard output is data.</summary>
    internal async Task<(byte[] Data, CommandResult Report)> StreamAsync(params string[] arguments)
    {
        using var process = Process.Start(StartInfo([.. arguments, "--data", Data, "--json"], App))!;
        using var data = new MemoryStream();
        var errors = process.StandardError.ReadToEndAsync();
        await process.StandardOutput.BaseStream.CopyToAsync(data);
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(5));
        return (data.ToArray(), new CommandResult(process.ExitCode, "", await errors));
    }

    /// <summary>What stands in the log files of its data folder; empty as long as nothing was logged. The last line may be in the middle of being written.</summary>
    internal async Task<string> LogAsync()
    {
        var log = new StringBuilder();
        foreach (var path in Directory.EnumerateFiles(Path.Combine(Data, "log"), "backup-*.log").Order())
        {
            using var reader = new StreamReader(
                new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite)
            );
            log.Append(await reader.ReadToEndAsync());
        }

        return log.ToString();
    }

    /// <summary>Waits until the appliance has printed that.</summary>
    internal async Task WaitForOutputAsync(string text, TimeSpan? atMost = null)
    {
        for (var watch = Stopwatch.StartNew(); !Output.Contains(text, StringComparison.Ordinal); await Task.Delay(50))
        {
            if (_process is { HasExited: true } || watch.Elapsed > (atMost ?? TimeSpan.FromMinutes(2)))
            {
                throw new TimeoutException($"It does not say '{text}', but:\n{Output}");
            }
        }
    }

    /// <summary>The last lines come behind the exit code.</summary>
    internal async Task WaitForOutputAfterExitAsync(string text)
    {
        await _process!.WaitForExitAsync();
        _process.WaitForExit();
        if (!Output.Contains(text, StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"It did not say '{text}', but:\n{Output}");
        }
    }

    /// <summary>How many agents of this data folder run.</summary>
    internal int Agents() => AgentProcessIds().Count;

    internal List<int> AgentProcessIds() =>
        [
            .. Process
                .GetProcessesByName("backup-agent")
                .Where(agent => CommandLine(agent.Id).Contains(Data, StringComparison.Ordinal))
                .Select(agent => agent.Id),
        ];

    /// <summary>Forgets what was printed so far.</summary>
    internal void ForgetOutput()
    {
        lock (_output)
        {
            _output.Clear();
        }
    }

    internal static Task<CommandResult> CommandAsync(params string[] arguments) => ResultAsync(StartInfo(arguments));

    private static async Task<CommandResult> ResultAsync(ProcessStartInfo start)
    {
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(5));
        return new CommandResult(process.ExitCode, await output, await errors);
    }

    internal async Task<JsonElement?> ReplicaSetAsync()
    {
        if (await HostSocket.StatusAsync(Data) is not { } status)
        {
            return null;
        }

        var sets = status
            .GetProperty("deployments")
            .EnumerateArray()
            .SelectMany(deployment => deployment.GetProperty("replicaSets").EnumerateArray())
            .ToList();
        return sets.Count == 0 ? null : sets[^1];
    }

    /// <summary>Waits until the (only) replica set is in that state.</summary>
    internal async Task<JsonElement> WaitForStateAsync(string state, TimeSpan? atMost = null)
    {
        var watch = Stopwatch.StartNew();
        var last = "nothing";
        while (watch.Elapsed < (atMost ?? TimeSpan.FromMinutes(2)))
        {
            if (_process is { HasExited: true })
            {
                throw new InvalidOperationException($"The appliance ended ({_process.ExitCode}):\n{Output}");
            }

            if (await ReplicaSetAsync() is { } set)
            {
                last = set.ToString();
                if (set.GetProperty("state").GetString() == state)
                {
                    return set;
                }
            }

            await Task.Delay(300);
        }

        throw new TimeoutException($"Not '{state}' in time, but {last}. The appliance said:\n{Output}");
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        KillAgents();
        _process?.Dispose();
        if (Directory.Exists(Data) && Environment.GetEnvironmentVariable("BACKUP_TEST_KEEP") is null)
        {
            Directory.Delete(Data, recursive: true);
        }
    }

    private static ProcessStartInfo StartInfo(IEnumerable<string> arguments, string? app = null)
    {
        var start = new ProcessStartInfo(Path.Combine(app ?? Programs, "backup"))
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return start;
    }

    private static string CommandLine(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static long HighWater(int pid)
    {
        var line = File.ReadLines($"/proc/{pid}/status").First(l => l.StartsWith("VmHWM", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) * 1024;
    }

    private void Collect(object sender, DataReceivedEventArgs line)
    {
        lock (_output)
        {
            _output.AppendLine(line.Data);
        }
    }
}

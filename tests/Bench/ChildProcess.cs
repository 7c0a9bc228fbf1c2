using System.Diagnostics;
using System.Globalization;

namespace Backup.Tests.Bench;

/// <summary>A process that a bench starts, and what the kernel says that it used.</summary>
internal sealed class ChildProcess : IDisposable
{
    private readonly Process _process;

    internal ChildProcess(
        string program,
        IEnumerable<string> arguments,
        params (string Name, string Value)[] environment
    )
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, line) => LastError = line.Data ?? LastError;
        _process.BeginErrorReadLine();
    }

    internal int Id => _process.Id;

    internal bool HasExited => _process.HasExited;

    internal string LastError { get; private set; } = "";

    /// <summary>User and system time so far.</summary>
    internal double ProcessorSeconds => SecondsOf(Id);

    internal static double SecondsOf(int pid) => Seconds($"{pid}", utime: 14);

    /// <summary>User and system time of all children that have ended.</summary>
    internal static double SecondsOfEnded() => Seconds("self", utime: 16);

    /// <summary>The most resident memory that it ever had, MiB.</summary>
    internal static double PeakMemoryOf(int pid)
    {
        var line = File.ReadLines($"/proc/{pid}/status")
            .First(one => one.StartsWith("VmHWM", StringComparison.Ordinal));
        return Number(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) / 1024.0;
    }

    internal string? ReadLine() => _process.StandardOutput.ReadLine();

    /// <summary>Reads the rest of the output away.</summary>
    internal void Drain() => _ = _process.StandardOutput.ReadToEndAsync();

    /// <returns>User and system time of the whole run.</returns>
    internal async Task<double> WaitAsync(TimeSpan limit)
    {
        var before = SecondsOfEnded();
        Drain();
        await _process.WaitForExitAsync().WaitAsync(limit);
        return _process.ExitCode == 0
            ? SecondsOfEnded() - before
            : throw new InvalidOperationException($"ended with {_process.ExitCode}: {LastError}");
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.StandardInput.Close();
            if (!_process.WaitForExit(5000))
            {
                _process.Kill(entireProcessTree: true);
                _process.WaitForExit();
            }
        }

        _process.Dispose();
    }

    // Behind the name in brackets comes field 3, the state; times are in hundredths of a second. Source: proc(5).
    private static double Seconds(string pid, int utime)
    {
        var line = File.ReadAllText($"/proc/{pid}/stat");
        var fields = line[(line.LastIndexOf(')') + 2)..].Split(' ');
        return (Number(fields[utime - 3]) + Number(fields[utime - 2])) / 100.0;
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}

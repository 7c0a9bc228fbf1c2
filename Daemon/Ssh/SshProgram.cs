using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Backup.Daemon.Ssh;

/// <summary>What a program said, and how it ended.</summary>
internal sealed record SshOutput(int ExitCode, string Output, string Errors);

/// <summary>OpenSSH's programs, started with nothing of this process's environment but where programs are found.</summary>
internal static class SshProgram
{
    private const int MostKept = 64 * 1024;

    /// <summary>Starts it with pipes for all three streams.</summary>
    /// <exception cref="Foundation.Errors.BackupException">9130 where it is not there.</exception>
    internal static Process Start(
        string program,
        IReadOnlyList<string> arguments,
        IReadOnlyDictionary<string, string>? environment = null
    )
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        // No agent, no askpass of a desktop, no variable of ours reaches it; messages are English, as they are looked at.
        var path = start.Environment.TryGetValue("PATH", out var found) ? found : null;
        start.Environment.Clear();
        start.Environment["PATH"] = path ?? "/usr/local/bin:/usr/bin:/bin";
        start.Environment["LC_ALL"] = "C";
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception missing)
        {
            throw DaemonErrors.NoSsh(program, missing);
        }
    }

    /// <summary>Runs it to its end; it is killed where that takes longer than it may, or nobody waits any more.</summary>
    /// <exception cref="TimeoutException">It took too long.</exception>
    internal static async Task<SshOutput> RunAsync(
        string program,
        IReadOnlyList<string> arguments,
        IReadOnlyDictionary<string, string>? environment,
        TimeSpan atMost,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        using var process = Start(program, arguments, environment);
        try
        {
            process.StandardInput.Close();
            var output = KeepAsync(process.StandardOutput);
            var errors = KeepAsync(process.StandardError);
            await Task.WhenAll(output, errors, process.WaitForExitAsync(CancellationToken.None))
                .WaitAsync(atMost, time, cancellation);
            return new SshOutput(process.ExitCode, await output, await errors);
        }
        finally
        {
            await KillAsync(process);
        }
    }

    /// <summary>Ends it and waits until it is gone.</summary>
    internal static async Task KillAsync(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill();
        }

        await process.WaitForExitAsync(CancellationToken.None);
    }

    /// <summary>Reads to the end, keeps the beginning.</summary>
    internal static async Task<string> KeepAsync(StreamReader reader)
    {
        var kept = new StringBuilder();
        var buffer = new char[4096];
        while (await reader.ReadAsync(buffer) is var read and > 0)
        {
            kept.Append(buffer, 0, Math.Min(read, MostKept - kept.Length));
        }

        return kept.ToString();
    }
}

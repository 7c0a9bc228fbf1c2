using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace Backup.Daemon.DataFiles;

/// <summary>A mongod that can be started.</summary>
/// <param name="Path">Of the program, absolute.</param>
/// <param name="Version">What it says that it is, for example <c>4.2.4</c>.</param>
internal sealed record MongodProgram(string Path, string Version)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>The first two numbers of its version: servers of one family read each other's files.</summary>
    internal string Family => FamilyOf(Version) ?? Version;

    /// <summary>Null where it is no version.</summary>
    internal static string? FamilyOf(string version)
    {
        var parts = version.Split('.', '-');
        return
            parts.Length >= 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var minor)
            ? string.Create(CultureInfo.InvariantCulture, $"{major}.{minor}")
            : null;
    }

    /// <summary>Asks it for its version.</summary>
    /// <param name="path">Of the program.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The program, or why it is none.</returns>
    internal static async Task<(MongodProgram? Program, string Why)> AskAsync(
        string path,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        if (!File.Exists(path))
        {
            return (null, "no such file");
        }

        var start = new ProcessStartInfo(path, ["--version"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using var process = Process.Start(start)!;
            try
            {
                process.StandardInput.Close();
                var (output, errors) = (FirstLineAsync(process.StandardOutput), FirstLineAsync(process.StandardError));
                await Task.WhenAll(output, errors, process.WaitForExitAsync(CancellationToken.None))
                    .WaitAsync(Patience, time, cancellation);
                return Judge(path, await output, await errors);
            }
            finally
            {
                if (!process.HasExited)
                {
                    process.Kill();
                }
            }
        }
        catch (Exception failure) when (failure is Win32Exception or TimeoutException or IOException)
        {
            return (null, failure.Message);
        }
    }

    private static (MongodProgram? Program, string Why) Judge(string path, string said, string complained)
    {
        const string before = "db version v";
        if (said.StartsWith(before, StringComparison.Ordinal) && FamilyOf(said[before.Length..]) is not null)
        {
            return (new MongodProgram(path, said[before.Length..].Trim()), "");
        }

        var text = said.Length > 0 ? said : complained;
        return (null, text.Length > 0 ? $"to --version it says '{text}'" : "it says nothing to --version");
    }

    /// <summary>Reads to the end, so that it is never held up; keeps the beginning of the first line.</summary>
    private static async Task<string> FirstLineAsync(StreamReader reader)
    {
        const int most = 200;
        var (kept, buffer) = ("", new char[4096]);
        while (await reader.ReadAsync(buffer) is var read and > 0)
        {
            kept += new string(buffer, 0, Math.Min(read, most - kept.Length));
        }

        return kept.Split('\n')[0].Trim();
    }
}

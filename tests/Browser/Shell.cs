using System.Diagnostics;
using Shouldly;

namespace Backup.Tests.Browser;

/// <summary>Lines that a page told somebody to run, run as they are.</summary>
internal static class Shell
{
    internal static async Task<(int ExitCode, string Output)> RunAsync(string line, string folder)
    {
        var start = new ProcessStartInfo("sh", ["-c", line])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));
        return (process.ExitCode, await output + await errors);
    }

    internal static async Task<string> ShouldRunAsync(string line, string folder)
    {
        var (exitCode, output) = await RunAsync(line, folder);
        exitCode.ShouldBe(0, $"{line}\n{output}");
        return output;
    }
}

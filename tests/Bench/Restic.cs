using System.Diagnostics;

namespace Backup.Tests.Bench;

/// <summary>A repository of restic: what many would use for dumps.</summary>
/// <param name="folder">Where it is made.</param>
internal sealed class Restic(string folder)
{
    private const string Program = "/usr/bin/restic";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(20);

    internal static bool IsThere => File.Exists(Program);

    /// <summary>Bytes of the repository.</summary>
    internal long Bytes =>
        new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(static file => file.Length);

    /// <returns>Seconds by the clock, and of processor time.</returns>
    internal async Task<(double Seconds, double Processor)> RunAsync(params string[] arguments)
    {
        var watch = Stopwatch.StartNew();
        using var process = new ChildProcess(
            Program,
            ["--no-cache", "--quiet", .. arguments],
            ("RESTIC_REPOSITORY", folder),
            ("RESTIC_PASSWORD", "bench")
        );
        var processor = await process.WaitAsync(Limit);
        return (watch.Elapsed.TotalSeconds, processor);
    }
}

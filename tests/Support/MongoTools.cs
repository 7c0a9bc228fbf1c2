using System.Diagnostics;

namespace Backup.Tests.Support;

/// <summary>MongoDB's programs, looked for in $BACKUP_TEST_MONGODB_BIN, then ~/realmongo/*/bin, then PATH.</summary>
public static class MongoTools
{
    /// <summary>Where a tool is, or null.</summary>
    public static string? Find(string tool) =>
        Folders().Select(folder => Path.Combine(folder, tool)).FirstOrDefault(File.Exists);

    /// <summary>Runs a tool to its end.</summary>
    /// <returns>Its exit code and all that it said.</returns>
    public static async Task<(int ExitCode, string Said)> RunAsync(string tool, params string[] arguments)
    {
        var start = new ProcessStartInfo(Find(tool) ?? throw new FileNotFoundException($"no {tool}"))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(10));
        return (process.ExitCode, await output + await errors);
    }

    private static IEnumerable<string> Folders()
    {
        if (Environment.GetEnvironmentVariable("BACKUP_TEST_MONGODB_BIN") is { Length: > 0 } named)
        {
            yield return named;
        }

        var home = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), "realmongo");
        if (Directory.Exists(home))
        {
            foreach (var version in Directory.EnumerateDirectories(home).Order(StringComparer.Ordinal))
            {
                yield return Path.Combine(version, "bin");
            }
        }

        foreach (var folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator))
        {
            yield return folder;
        }
    }
}

/// <summary>Needs a real mongod and the real mongorestore.</summary>
public sealed class RealRestoreFactAttribute()
    : ConditionalFactAttribute(
        RealMongo.Binary is null || MongoTools.Find("mongorestore") is null
            ? "SKIPPED: needs mongod and mongorestore (in $BACKUP_TEST_MONGODB_BIN, ~/realmongo/*/bin or on PATH)"
            : null
    );

using System.Globalization;
using Backup.Sandbox;

namespace Backup.Tests.Bench;

/// <summary>A sandbox with made-up collections as a process of its own; prints its URI and serves until its standard input closes.</summary>
internal static class SandboxServe
{
    /// <param name="arguments">
    /// <c>orders BYTES</c>: four collections of documents of about 1 KB; <c>large BYTES</c>: one collection of documents from 1 KB to 16 MB.
    /// </param>
    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        var bytes = long.Parse(arguments[1], CultureInfo.InvariantCulture);
        var collections = arguments[0] == "large" ? Large(bytes) : BenchDocuments.Collections(4, bytes);
        await using var sandbox = await SandboxReplicaSet.StartAsync(
            new SandboxOptions { Synthetic = collections, NoopInterval = TimeSpan.FromSeconds(1) }
        );
        Console.WriteLine(sandbox.ConnectionString);
        await Console.In.ReadToEndAsync();
        return 0;
    }

    // In turn, so that the largest documents meet small ones: 28 MB together.
    private static IReadOnlyList<SyntheticCollection> Large(long bytes)
    {
        int[] sizes = [1024, 20_000, 16_000_000, 200_000, 1024, 4_000_000, 500, 8_000_000, 64_000, 100];
        return [SyntheticCollection.Random("bench", "large", bytes / sizes.Sum() * sizes.Length, sizes)];
    }
}

using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary>How long snapshots are kept and why, in words.</summary>
internal static class KeepingText
{
    /// <summary>"until 2026-12-01", "for ever", "for now".</summary>
    internal static string Until(DateTimeOffset? expiresAt, IReadOnlyList<KeptView>? kept) =>
        expiresAt is { } at ? $"until {Day(at)}"
        : kept is null or { Count: 0 } ? "until the next round"
        : kept.Any(static one => one.Reason == "pinned") ? "until it is unpinned"
        : "for now";

    /// <summary>For a column of a table.</summary>
    internal static string Short(DateTimeOffset? expiresAt, IReadOnlyList<KeptView>? kept) =>
        expiresAt is { } at ? Day(at)
        : kept is null or { Count: 0 } ? "next round"
        : kept.Any(static one => one.Reason == "pinned") ? "unpinned"
        : "for now";

    internal static string Why(IReadOnlyList<KeptView>? kept) =>
        kept is null or { Count: 0 } ? "its time is over" : string.Join(", ", kept.Select(static one => one.Reason));

    internal static void PrintLost(IReadOnlyList<LostMomentsView> lost)
    {
        foreach (var one in lost)
        {
            Console.Out.WriteLine(
                $"  moments from {one.From.Time:u} to {one.To.Time:u} cannot be restored any more, but for the snapshots in between that stay"
            );
        }

        if (lost.Count == 0)
        {
            Console.Out.WriteLine("  every other moment that can be restored now can be restored still");
        }
    }

    private static string Day(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm'Z'");
}

using System.Buffers;
using System.Globalization;
using Backup.Metadata;
using Backup.Metadata.Alerting;

namespace Backup.AlertService.Watch;

/// <summary>
/// How the moment before a burst is restored: a command that can be pasted, and a link to the same in the web interface. Names come from the source, and whoever may
/// write there may not write commands: what a shell would read is quoted, and of names with control characters no command is made.
/// </summary>
internal static class RestoreText
{
    private static readonly SearchValues<char> Plain = SearchValues.Create(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:"
    );

    public static string Of(Facts facts, Deployment deployment, BurstRecord burst)
    {
        var link = facts.Link is { } root ? $" Or in the web interface: {Link(root, deployment, burst)}" : "";
        var command = Command(facts, deployment, burst) is { } made
            ? $"Restore it beside the data, and compare: {made}"
            : $"Restore it beside the data, and compare: backup restore with --time {Time(burst)}.";
        return $"{command}{link} Then resolve this alert.";
    }

    /// <summary>Null where a name cannot stand in a command.</summary>
    internal static string? Command(Facts facts, Deployment deployment, BurstRecord burst)
    {
        var isCluster = deployment.Type == DeploymentTypes.ShardedCluster;
        var subject = isCluster
            ? deployment.Name
            : facts.Sets.FirstOrDefault(one => one.Deployment.Id == deployment.Id)?.Record.Name ?? deployment.Name;
        // A name that stands for several would be refused: the id is one of them alone.
        var isOnly =
            facts.Sets.Count(one => one.Record.Name == subject)
                + facts.Clusters.Count(one => one.Deployment.Name == subject)
            == 1;
        var named =
            isOnly ? subject
            : isCluster ? deployment.Id
            : facts.Sets.FirstOrDefault(one => one.Deployment.Id == deployment.Id)?.Record.Id ?? deployment.Id;
        if (named.Any(char.IsControl) || burst.Namespace.Any(char.IsControl))
        {
            return null;
        }

        var merged = isCluster ? " --merged" : "";
        var output = string.Create(
            CultureInfo.InvariantCulture,
            $"before-{burst.Before.UtcDateTime:yyyyMMdd'T'HHmmss'Z'}.archive"
        );
        return $"backup restore {Quoted(named)} --time {Time(burst)} --namespace {Quoted(Named(burst))}{merged} --output {output}";
    }

    /// <summary>The restore wizard, filled in.</summary>
    internal static Uri Link(Uri root, Deployment deployment, BurstRecord burst) =>
        new(
            root,
            $"d/{Uri.EscapeDataString(deployment.Id)}/restore?time={Uri.EscapeDataString(Time(burst))}&namespace={Uri.EscapeDataString(Named(burst))}"
        );

    private static string Named(BurstRecord burst) =>
        burst.Namespace.EndsWith(".*", StringComparison.Ordinal) ? burst.Namespace[..^2] : burst.Namespace;

    private static string Time(BurstRecord burst) =>
        burst.Before.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string Quoted(string text) =>
        text.Length > 0 && text[0] != '-' && !text.AsSpan().ContainsAnyExcept(Plain)
            ? text
            : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}

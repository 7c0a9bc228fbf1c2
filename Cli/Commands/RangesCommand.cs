using System.CommandLine;
using Backup.Cli.Appliance;
using Backup.Cli.Control;
using Backup.Cli.Output;

namespace Backup.Cli.Commands;

/// <summary><c>backup ranges RS</c>: which moments can be restored, and why the others cannot.</summary>
internal static class RangesCommand
{
    internal static Command Create() =>
        SharedOptions.Command(
            "ranges",
            "List the stretches of which every moment can be restored, and the gaps",
            SharedOptions.ReplicaSet(),
            RunAsync
        );

    private static async Task<int> RunAsync(string? data, string replicaSet, bool json, CancellationToken cancellation)
    {
        await using var appliance = await ApplianceConnection.OpenAsync(data, needsRunning: false, cancellation);
        var ranges = await appliance.Client.RangesAsync(replicaSet, cancellation);
        if (json)
        {
            Printer.Json(ranges);
            return ExitCodes.Ok;
        }

        if (ranges.Ranges.Count == 0)
        {
            Console.Out.WriteLine(
                $"No moment of {ranges.ReplicaSet} can be restored yet. Take a snapshot: backup snapshot {replicaSet} --wait"
            );
        }

        foreach (var range in ranges.Ranges)
        {
            Console.Out.WriteLine(
                $"every moment  --optime {Text(range.From.Optime)} to {Text(range.To.Optime)}  --time {range.From.Time:yyyy-MM-ddTHH:mm:ssZ} to {range.To.Time:yyyy-MM-ddTHH:mm:ssZ}"
            );
        }

        foreach (var gap in ranges.Gaps)
        {
            var what = gap.Collection is null ? "gap" : $"gap of {gap.Collection} alone";
            var to = gap.To is null ? "on" : $"to {Text(gap.To.Optime)}";
            Console.Out.WriteLine($"{what}  after {Text(gap.From.Optime)} {to}: {gap.Cause.Code}, {gap.Cause.Text}");
        }

        foreach (var change in ranges.Changes)
        {
            Console.Out.WriteLine(
                $"{change.What}  {change.Collection}  from {Text(change.At.Optime)} on: {change.Text}"
            );
        }

        return ExitCodes.Ok;
    }

    private static string Text(OptimeView optime) => $"{optime.T},{optime.I}";
}

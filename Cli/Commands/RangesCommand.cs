using System.CommandLine;
using Backup.Cli.Appliance;
using Backup.Cli.Output;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup ranges RS</c>: which moments can be restored, and why the others cannot.</summary>
internal static class RangesCommand
{
    internal static Command Create() =>
        SharedOptions.Command(
            "ranges",
            "List the stretches of which every moment can be restored, and the gaps",
            new Argument<string>("RS|CLUSTER")
            {
                Description = "A replica set (its name, its id, DEPLOYMENT/NAME, CLUSTER/SHARD) or a sharded cluster",
            },
            RunAsync
        );

    private static async Task<int> RunAsync(
        ApplianceChoice choice,
        string replicaSet,
        bool json,
        CancellationToken cancellation
    )
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: false, cancellation);
        var ranges = await appliance.Api.RangesAsync(replicaSet, cancellation);
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
            var of = gap.Set is null ? "" : $" by {gap.Set}";
            var what = gap.Collection is null ? $"gap{of}" : $"gap of {gap.Collection} alone{of}";
            var to = gap.To is null ? "on" : $"to {Text(gap.To.Optime)}";
            Console.Out.WriteLine($"{what}  after {Text(gap.From.Optime)} {to}: {gap.Cause.Code}, {gap.Cause.Text}");
        }

        foreach (var cut in ranges.Cuts ?? [])
        {
            Console.Out.WriteLine(
                $"{cut.Kind}  {cut.Id}  at {Text(cut.At.Optime)}  {cut.At.Time:yyyy-MM-ddTHH:mm:ssZ}"
            );
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

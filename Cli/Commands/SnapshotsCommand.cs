using System.CommandLine;
using Backup.Cli.Appliance;
using Backup.Cli.Control;
using Backup.Cli.Output;
using Spectre.Console;

namespace Backup.Cli.Commands;

/// <summary><c>backup snapshots RS</c>: what can be restored, newest first.</summary>
internal static class SnapshotsCommand
{
    internal static Command Create() =>
        SharedOptions.Command("snapshots", "List the snapshots of a replica set", SharedOptions.ReplicaSet(), RunAsync);

    private static async Task<int> RunAsync(string? data, string replicaSet, bool json, CancellationToken cancellation)
    {
        await using var appliance = await ApplianceConnection.OpenAsync(data, needsRunning: false, cancellation);
        var snapshots = await appliance.Client.SnapshotsAsync(replicaSet, cancellation);
        if (json)
        {
            Printer.Json(snapshots);
        }
        else if (snapshots.Count == 0)
        {
            Console.Out.WriteLine($"No snapshot yet. Take one: backup snapshot {replicaSet} --wait");
        }
        else
        {
            Printer.Table(Table(snapshots));
        }

        return ExitCodes.Ok;
    }

    private static Table Table(IEnumerable<SnapshotView> snapshots)
    {
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumns("snapshot", "up to (UTC)", "documents", "size", "new", "kept until");
        foreach (var snapshot in snapshots)
        {
            table.AddRow(
                snapshot.Id,
                DateTimeOffset.FromUnixTimeSeconds(snapshot.Optime.T).ToString("u"),
                $"{snapshot.Documents}",
                Printer.Bytes(snapshot.RawBytes),
                Printer.Bytes(snapshot.NewBytes),
                snapshot.ExpiresAt?.UtcDateTime.ToString("yyyy-MM-dd") ?? "ever"
            );
        }

        return table;
    }
}

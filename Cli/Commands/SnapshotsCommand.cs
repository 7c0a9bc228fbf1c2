using System.CommandLine;
using Backup.Cli.Appliance;
using Backup.Cli.Output;
using Backup.WebUI.Contracts;
using Spectre.Console;

namespace Backup.Cli.Commands;

/// <summary><c>backup snapshots NAME [--all]</c>: what can be restored, newest first.</summary>
internal static class SnapshotsCommand
{
    internal static Command Create()
    {
        var all = new Option<bool>("--all")
        {
            Description = "Of a cluster: those that failed or are being made, and checkpoints, too",
        };
        return SharedOptions.Command(
            "snapshots",
            "List the snapshots of a replica set or a sharded cluster",
            SharedOptions.ReplicaSetOrCluster(),
            [all],
            (parsed, choice, name, json, cancellation) =>
                RunAsync(choice, name, parsed.GetValue(all), json, cancellation)
        );
    }

    private static async Task<int> RunAsync(
        ApplianceChoice choice,
        string replicaSet,
        bool all,
        bool json,
        CancellationToken cancellation
    )
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: false, cancellation);
        var subject = await appliance.Api.FindAsync(replicaSet, SubjectKind.Any, cancellation);
        if (subject.Kind == SubjectView.Cluster)
        {
            ClusterSnapshotList.Print(
                replicaSet,
                await appliance.Api.ClusterSnapshotsAsync(subject, all, cancellation),
                json
            );
            return ExitCodes.Ok;
        }

        var snapshots = await appliance.Api.SnapshotsAsync(subject, cancellation);
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
        table.AddColumns("snapshot", "up to (UTC)", "documents", "size", "new", "kept until", "as");
        foreach (var snapshot in snapshots)
        {
            table.AddRow(
                snapshot.Id,
                DateTimeOffset.FromUnixTimeSeconds(snapshot.Optime.T).ToString("u"),
                $"{snapshot.Documents}",
                Printer.Bytes(snapshot.RawBytes),
                Printer.Bytes(snapshot.NewBytes),
                KeepingText.Short(snapshot.ExpiresAt, snapshot.Kept),
                KeepingText.Why(snapshot.Kept)
            );
        }

        return table;
    }
}

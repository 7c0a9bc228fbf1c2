using System.CommandLine;
using Backup.Cli.Appliance;
using Backup.Cli.Output;

namespace Backup.Cli.Commands;

/// <summary><c>backup resync RS</c>: a fresh initial sync, the way out of a hole in the oplog or a stopped head. Snapshots stay.</summary>
internal static class ResyncCommand
{
    internal static Command Create() =>
        SharedOptions.Command(
            "resync",
            "Start the initial sync over; every snapshot stays",
            SharedOptions.ReplicaSet(),
            RunAsync
        );

    private static async Task<int> RunAsync(string? data, string replicaSet, bool json, CancellationToken cancellation)
    {
        await using var appliance = await ApplianceConnection.OpenAsync(data, needsRunning: true, cancellation);
        var set = await appliance.Client.ResyncAsync(replicaSet, cancellation);
        if (json)
        {
            Printer.Json(set);
        }
        else
        {
            Console.Out.WriteLine($"{set.Name} is copied afresh; 'backup status' shows how far it is. Snapshots stay.");
        }

        return ExitCodes.Ok;
    }
}

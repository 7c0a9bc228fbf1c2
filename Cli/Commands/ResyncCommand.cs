using System.CommandLine;
using Backup.Cli.Appliance;
using Backup.Cli.Output;

namespace Backup.Cli.Commands;

/// <summary><c>backup resync RS</c>: a fresh initial sync, the way out of a hole in the oplog or a stopped head. Snapshots stay.</summary>
internal static class ResyncCommand
{
    internal static Command Create()
    {
        var (replicaSet, data, json) = (SharedOptions.ReplicaSet(), SharedOptions.Data(), SharedOptions.Json());
        var command = new Command("resync", "Start the initial sync over; every snapshot stays")
        {
            replicaSet,
            data,
            json,
        };
        command.SetAction(
            (parsed, cancellation) =>
                CommandRunner.RunAsync(
                    parsed.GetValue(json),
                    token =>
                        RunAsync(
                            parsed.GetValue(data),
                            parsed.GetRequiredValue(replicaSet),
                            parsed.GetValue(json),
                            token
                        ),
                    cancellation
                )
        );
        return command;
    }

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

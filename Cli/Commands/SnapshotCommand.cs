using System.CommandLine;
using System.Text.Json;
using Backup.Cli.Appliance;
using Backup.Cli.Control;
using Backup.Cli.Output;

namespace Backup.Cli.Commands;

/// <summary><c>backup snapshot RS [--wait]</c>: a snapshot now, of everything that the source has committed until now.</summary>
internal static class SnapshotCommand
{
    internal static Command Create()
    {
        var wait = new Option<bool>("--wait") { Description = "Wait until it is there, and print it" };
        return SharedOptions.Command(
            "snapshot",
            "Take a snapshot now",
            SharedOptions.ReplicaSet(),
            [wait],
            (parsed, data, replicaSet, json, cancellation) =>
                RunAsync(data, replicaSet, parsed.GetValue(wait), json, cancellation)
        );
    }

    private static async Task<int> RunAsync(
        string? data,
        string replicaSet,
        bool wait,
        bool json,
        CancellationToken cancellation
    )
    {
        await using var appliance = await ApplianceConnection.OpenAsync(data, needsRunning: true, cancellation);
        var job = await appliance.Client.RequestSnapshotAsync(replicaSet, cancellation);
        if (!wait)
        {
            if (json)
            {
                Printer.Json(job);
            }
            else
            {
                Console.Out.WriteLine(
                    $"Queued as job {job.Id}; 'backup snapshots {replicaSet}' will list the snapshot."
                );
            }

            return ExitCodes.Ok;
        }

        job = await JobWaiter.WaitAsync(appliance.Client, job, cancellation);
        var snapshot = job.Result!.Value.Deserialize<SnapshotView>(ControlJson.Options)!;
        if (json)
        {
            Printer.Json(snapshot);
        }
        else
        {
            Printer.Snapshot(snapshot);
            Console.Out.WriteLine(
                $"  restore it: backup restore {replicaSet} --snapshot {snapshot.Id} --format archive --output dump.archive"
            );
        }

        return ExitCodes.Ok;
    }
}

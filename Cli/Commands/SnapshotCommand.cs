using System.CommandLine;
using System.Text.Json;
using Backup.Cli.Appliance;
using Backup.Cli.Control;
using Backup.Cli.Output;
using Backup.Daemon.Jobs;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup snapshot NAME [--wait] [--keep 30d]</c>: a snapshot now, of everything that the source has committed until now; of a cluster at one moment.</summary>
internal static class SnapshotCommand
{
    internal static Command Create()
    {
        var keep = new Option<string?>("--keep")
        {
            Description = "Keep it for so long, whatever the policy says: up to 2562d",
            HelpName = "LENGTH",
        };
        var wait = new Option<bool>("--wait") { Description = "Wait until it is there, and print it" };
        var command = SharedOptions.Command(
            "snapshot",
            "Take a snapshot now; or pin, unpin, expire, delete one that is there",
            SharedOptions.ReplicaSetOrCluster(),
            [wait, keep],
            (parsed, choice, replicaSet, json, cancellation) =>
            {
                long? seconds = parsed.GetValue(keep) is { } length
                    ? (long)DurationText.Parse("--keep", length).TotalSeconds
                    : null;
                return RunAsync(choice, replicaSet, parsed.GetValue(wait), seconds, json, cancellation);
            }
        );
        foreach (var one in SnapshotKeepingCommands.Create())
        {
            command.Subcommands.Add(one);
        }

        return command;
    }

    private static async Task<int> RunAsync(
        ApplianceChoice choice,
        string replicaSet,
        bool wait,
        long? keep,
        bool json,
        CancellationToken cancellation
    )
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: true, cancellation);
        var started = await appliance.Api.RequestSnapshotAsync(replicaSet, keep, cancellation);
        var job = started.Job;
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

        job = await JobWaiter.WaitAsync(appliance.Api, started, cancellation);
        if (job.Kind == JobKinds.ClusterSnapshot)
        {
            var whole = job.Result!.Value.Deserialize<ClusterSnapshotView>(ControlJson.Options)!;
            ClusterSnapshotList.Print(whole, json);
            return ExitCodes.Ok;
        }

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

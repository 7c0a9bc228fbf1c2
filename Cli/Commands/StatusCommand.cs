using System.CommandLine;
using Backup.Cli.Appliance;
using Backup.Cli.Control;
using Backup.Cli.Output;
using Spectre.Console;

namespace Backup.Cli.Commands;

/// <summary><c>backup status</c>: what is protected, and up to which second.</summary>
internal static class StatusCommand
{
    internal static Command Create()
    {
        var (data, json) = (SharedOptions.Data(), SharedOptions.Json());
        var command = new Command("status", "Show what is protected, and up to which second") { data, json };
        command.SetAction(
            (parsed, cancellation) =>
                CommandRunner.RunAsync(
                    parsed.GetValue(json),
                    token => RunAsync(parsed.GetValue(data), parsed.GetValue(json), token),
                    cancellation
                )
        );
        return command;
    }

    private static async Task<int> RunAsync(string? data, bool json, CancellationToken cancellation)
    {
        await using var appliance = await ApplianceConnection.OpenAsync(data, needsRunning: false, cancellation);
        var status = await appliance.Client.StatusAsync(cancellation);
        if (json)
        {
            Printer.Json(status);
            return ExitCodes.Ok;
        }

        if (!appliance.IsRunning)
        {
            Console.Out.WriteLine("The appliance is not running: this is the state it stopped in.");
        }

        Print(status);
        return ExitCodes.Ok;
    }

    private static void Print(StatusView status)
    {
        if (status.Deployments.Count == 0)
        {
            Console.Out.WriteLine(
                "Nothing is protected yet. Start: backup up --protect mongodb://HOST/?replicaSet=NAME"
            );
            return;
        }

        var table = new Table().Border(TableBorder.Simple);
        table.AddColumns("deployment", "replica set", "state", "up to (UTC)", "optime", "lag", "snapshots");
        foreach (var deployment in status.Deployments)
        {
            foreach (var set in deployment.ReplicaSets)
            {
                table.AddRow(Row(deployment, set));
            }

            if (deployment.ReplicaSets.Count == 0)
            {
                table.AddRow(Markup.Escape(deployment.Name), "", "waiting for its agent", "", "", "", "");
            }
        }

        Printer.Table(table);
        foreach (var deployment in status.Deployments)
        {
            Printer.Error(deployment.Name, deployment.Error);
            foreach (var set in deployment.ReplicaSets)
            {
                Printer.Error($"{deployment.Name}/{set.Name}", set.Error);
            }
        }
    }

    private static string[] Row(DeploymentView deployment, ReplicaSetView set)
    {
        var upTo = set.Optime.T == 0 ? "" : DateTimeOffset.FromUnixTimeSeconds(set.Optime.T).ToString("u");
        return
        [
            Markup.Escape(deployment.Name),
            Markup.Escape(set.Name),
            set.State + (set.Sync is { } sync ? " " + Printer.SyncProgress(sync) : ""),
            upTo,
            $"{set.Optime.T},{set.Optime.I}",
            $"{set.LagSeconds:0} s",
            $"{set.Snapshots}",
        ];
    }
}

using System.CommandLine;
using Backup.Cli.Appliance;
using Backup.Cli.Output;
using Backup.Foundation.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup monitoring RS</c>: how the source's servers are, a sample a minute.</summary>
internal static class MonitoringCommand
{
    internal static Command Create()
    {
        var minutes = new Option<int>("--minutes")
        {
            Description = "How far back, 1 to 2880; as JSON every sample is printed, else the newest",
            DefaultValueFactory = _ => 10,
            HelpName = "N",
        };
        minutes.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > MonitoringOperations.MostMinutes)
            {
                result.AddError($"--minutes takes 1 to {MonitoringOperations.MostMinutes}.");
            }
        });
        return SharedOptions.Command(
            "monitoring",
            "Show how the source's servers are",
            SharedOptions.ReplicaSet(),
            [minutes],
            (parsed, choice, replicaSet, json, cancellation) =>
                RunAsync(choice, replicaSet, parsed.GetValue(minutes), json, cancellation)
        );
    }

    private static async Task<int> RunAsync(
        ApplianceChoice choice,
        string replicaSet,
        int minutes,
        bool json,
        CancellationToken cancellation
    )
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: false, cancellation);
        var samples = await appliance.Api.MonitoringAsync(replicaSet, minutes, cancellation);
        if (json)
        {
            Printer.Json(samples);
        }
        else if (samples.Count == 0)
        {
            Console.Out.WriteLine($"Nothing was heard of its servers in the last {minutes} minutes.");
        }
        else
        {
            Print(samples[^1]);
        }

        return ExitCodes.Ok;
    }

    private static void Print(MonitoringSample sample)
    {
        Console.Out.WriteLine($"at {sample.At:u}");
        foreach (var member in sample.Members)
        {
            var lag = member.LagSeconds is { } seconds ? $", {seconds} s behind the newest" : "";
            Console.Out.WriteLine(
                $"  member {member.Name}: {member.State}{(member.Healthy ? "" : " (not reached)")}{lag}"
            );
        }

        foreach (var host in sample.Hosts)
        {
            var memory = host.ResidentMegabytes is { } megabytes ? $", {megabytes} MiB resident" : "";
            Console.Out.WriteLine(
                $"  server {host.Host}: MongoDB {host.Version}, up {TimeSpan.FromSeconds(host.UptimeSeconds)}, {host.Connections ?? 0} connections{memory}"
            );
        }

        if (sample.Oplog is { } oplog)
        {
            Console.Out.WriteLine($"  oplog spans {TimeSpan.FromSeconds(oplog.WindowSeconds)}");
        }

        foreach (var database in sample.Databases)
        {
            Console.Out.WriteLine(
                $"  database {database.Name}: {database.Documents} documents, {Printer.Bytes(database.DataBytes)}, {Printer.Bytes(database.StorageBytes + database.IndexBytes)} on the disk"
            );
        }
    }
}

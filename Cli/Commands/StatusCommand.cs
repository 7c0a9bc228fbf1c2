using System.CommandLine;
using Backup.Cli.Appliance;
using Backup.Cli.Output;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup status</c>: what is protected, and up to which second.</summary>
internal static class StatusCommand
{
    private static readonly TimeSpan LongSilence = TimeSpan.FromSeconds(30);

    internal static Command Create()
    {
        var (choice, json) = (new ChoiceOptions(), SharedOptions.Json());
        var command = new Command("status", "Show what is protected, and up to which second") { json };
        choice.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
                CommandRunner.RunAsync(
                    parsed.GetValue(json),
                    token => RunAsync(choice.Of(parsed), parsed.GetValue(json), token),
                    cancellation
                )
        );
        return command;
    }

    private static async Task<int> RunAsync(ApplianceChoice choice, bool json, CancellationToken cancellation)
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: false, cancellation);
        var status = (await appliance.Api.StatusAsync(cancellation)) with { Running = appliance.IsRunning };
        if (json)
        {
            Printer.Json(status);
            return ExitCodes.Ok;
        }

        if (!status.Running)
        {
            Console.Out.WriteLine("The appliance is not running: this is the state it stopped in.");
        }

        Print(status);
        return ExitCodes.Ok;
    }

    private static void Print(StatusView status)
    {
        foreach (var error in status.Errors)
        {
            Printer.Error("appliance", error);
        }

        foreach (var one in status.Misplaced)
        {
            Console.Out.WriteLine(StoreTagCommands.Warning(one.Name, one.Store, one.Lacks));
        }

        if (status.Deployments.Count == 0)
        {
            Console.Out.WriteLine(
                "Nothing is protected yet. Start: backup up --protect mongodb://HOST/?replicaSet=NAME"
            );
            return;
        }

        foreach (var deployment in status.Deployments.Where(one => one.PartOf is null))
        {
            var removed = deployment.RemovedAt is { } at
                ? $": no longer protected since {at:u}; its snapshots stay"
                : "";
            Console.Out.WriteLine($"deployment {deployment.Name}{removed}");
            if (deployment.Cluster is { } cluster)
            {
                ClusterStatus.Print(cluster);
                foreach (var member in status.Deployments.Where(one => one.PartOf?.Cluster == deployment.Name))
                {
                    PrintSets(member, status.Running);
                }
            }
            else if (deployment.ReplicaSets.Count == 0 && deployment.RemovedAt is null)
            {
                Console.Out.WriteLine("  waiting for its agent");
            }

            PrintSets(deployment, status.Running);
            Print(deployment.Source);
        }

        ClusterStatus.Print(status.Alerts);
    }

    private static void PrintSets(DeploymentView deployment, bool isRunning)
    {
        // Who is paused says nothing of the source.
        var isFollowed = isRunning && deployment is { RemovedAt: null, Source.PausedAt: null };
        var what = deployment.PartOf is { } part ? $"{ClusterStatus.Role(part.Set)}, replica set" : "replica set";
        if (deployment is { PartOf.Set: { } set, ReplicaSets.Count: 0, RemovedAt: null })
        {
            Console.Out.WriteLine($"  {ClusterStatus.Role(set)}: waiting for its agent");
        }

        deployment.ReplicaSets.ToList().ForEach(one => Print(one, what, isFollowed));
        deployment.Agents.ToList().ForEach(Print);
        Printer.Error(deployment.Name, deployment.Error);
    }

    private static void Print(SourceView? source)
    {
        foreach (var line in source is null ? [] : SourceCommand.StateLines(source))
        {
            Console.Out.WriteLine($"  {line}");
        }

        Printer.Error("  source", source?.Warning);
    }

    private static void Print(DeploymentAgentView agent) =>
        Console.Out.WriteLine($"  agent {agent.HostName} ({agent.Id}): {agent.Role}, {agent.Phase}");

    /// <summary>Lines, not a table: they fit any terminal, and an error has room for its way out.</summary>
    private static void Print(ReplicaSetView set, string what, bool isFollowed)
    {
        var progress = set.Sync is { } sync ? ": " + Printer.SyncProgress(sync) : "";
        Console.Out.WriteLine($"  {what} {set.Name}: {set.State}{progress}");
        if (set.Optime.T != 0)
        {
            var upTo = DateTimeOffset.FromUnixTimeSeconds(set.Optime.T);
            Console.Out.WriteLine(
                $"    up to and including {upTo:u} (optime {set.Optime.T},{set.Optime.I}), {set.LagSeconds:0} s behind the source"
            );
        }

        if (
            isFollowed
            && set.SourceSeenAt is { } seen
            && TimeProvider.System.GetUtcNow() - seen is var silent
            && silent > LongSilence
        )
        {
            Console.Out.WriteLine($"    the agent has said nothing for {silent.TotalSeconds:0} s: check its log");
        }

        set.Copies.ToList().ForEach(Print);
        Console.Out.WriteLine(set.Snapshots == 1 ? "    1 snapshot" : $"    {set.Snapshots} snapshots");
        Printer.Error($"    {set.Name}", set.Error);
    }

    private static void Print(CopyView copy)
    {
        var progress = copy.Progress is { } sync ? ": " + Printer.SyncProgress(sync) : "";
        Console.Out.WriteLine(
            $"    fresh copy of {string.Join(", ", copy.Namespaces)}: {copy.State}{progress}{Of(copy.Failure)}"
        );

        static string Of(string? failure) => failure is null ? "" : $": {failure}; what was there before stays";
    }
}

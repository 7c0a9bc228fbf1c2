using System.CommandLine;
using Backup.Cli.Output;
using Backup.Daemon.Clusters;
using Backup.Daemon.Targets;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary>
/// <c>backup cluster-prepare DIR --to URI</c> and <c>backup cluster-check DIR --to URI</c>: what a cluster's <c>restore.sh</c> does before and after it loads
/// the archives. They need the folder that a restore wrote, and no appliance.
/// </summary>
internal static class ClusterLoadCommands
{
    private static readonly char[] Pair = ['='];

    internal static Command Prepare()
    {
        var shards = new Option<string[]>("--shard")
        {
            Description = "Which shard of the target stands for which: OLD=NEW; may be given several times",
            HelpName = "OLD=NEW",
        };
        shards.Validators.Add(result =>
        {
            foreach (var pair in result.GetValueOrDefault<string[]>() ?? [])
            {
                if (pair.Split(Pair, 2) is not [{ Length: > 0 }, { Length: > 0 }])
                {
                    result.AddError($"'{pair}' is no pair of shards: write OLD=NEW.");
                }
            }
        });
        return Command(
            "cluster-prepare",
            "Make an empty cluster like the restored one: databases, collections, shard keys, zones, chunks",
            shards,
            async (parsed, described, preparation, told, cancellation) =>
            {
                var named = (parsed.GetValue(shards) ?? [])
                    .Select(static pair => pair.Split(Pair, 2))
                    .ToDictionary(static pair => pair[0], static pair => pair[1]);
                var notices = await preparation.PrepareAsync(described, named, told, cancellation);
                var count = described.Layout.Collections.Count;
                return new ClusterLoadView(
                    true,
                    null,
                    notices,
                    $"Prepared: {count} sharded collections; the balancer is stopped."
                );
            }
        );
    }

    internal static Command Check() =>
        Command(
            "cluster-check",
            "Compare the counts of a loaded cluster with the restored one, and start its balancer where it was on",
            more: null,
            async (_, described, preparation, told, cancellation) =>
            {
                var documents = await preparation.CheckAsync(described, told, cancellation);
                var balancer = described.Layout.IsBalancerOn
                    ? "the balancer is started"
                    : "the balancer stays off, as it was";
                return new ClusterLoadView(
                    true,
                    documents,
                    [],
                    $"{documents} documents are there, as many as were restored; {balancer}."
                );
            }
        );

    private delegate Task<ClusterLoadView> Run(
        ParseResult parsed,
        ClusterDescription described,
        ClusterPreparation preparation,
        IProgress<TargetProgress>? told,
        CancellationToken cancellation
    );

    private static Command Command(string name, string description, Option? more, Run run)
    {
        var folder = new Argument<string>("DIR") { Description = "What 'backup restore CLUSTER … --output DIR' wrote" };
        var to = new Option<string?>("--to")
        {
            Description = $"The target's mongos (or the variable {RestoreFormOptions.ToVariable})",
            HelpName = "URI",
        };
        var json = SharedOptions.Json();
        var command = new Command(name, description) { folder, to };
        if (more is not null)
        {
            command.Options.Add(more);
        }

        command.Options.Add(json);
        command.SetAction(
            (parsed, cancellation) =>
                CommandRunner.RunAsync(
                    parsed.GetValue(json),
                    async token =>
                    {
                        var uri =
                            parsed.GetValue(to)
                            ?? RestoreFormOptions.Variable()
                            ?? throw CliErrors.Argument(
                                "No target is named.",
                                $"Give --to URI, or the variable {RestoreFormOptions.ToVariable}."
                            );
                        var path = Path.Combine(parsed.GetRequiredValue(folder), ClusterDescription.FileName);
                        var described = await ClusterDescription.ReadAsync(path, token);
                        await using var target = await RestoreTarget.OpenAsync(uri, token);
                        var preparation = new ClusterPreparation(target, TimeProvider.System);
                        IProgress<TargetProgress>? told = Console.IsErrorRedirected ? null : new LineProgress();
                        var result = await run(parsed, described, preparation, told, token);
                        Report(result, parsed.GetValue(json));
                        return ExitCodes.Ok;
                    },
                    cancellation
                )
        );
        return command;
    }

    private static void Report(ClusterLoadView result, bool json)
    {
        if (json)
        {
            Printer.Json(result);
            return;
        }

        Console.Out.WriteLine(result.Text);
        foreach (var notice in result.Notices)
        {
            Console.Out.WriteLine($"  {notice}");
        }
    }

    /// <summary>A line for each step, on standard error.</summary>
    private sealed class LineProgress : IProgress<TargetProgress>
    {
        public void Report(TargetProgress value) => Console.Error.WriteLine($"{value.Phase}  {value.Namespace}");
    }
}

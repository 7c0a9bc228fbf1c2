using System.CommandLine;
using Backup.Cli.Appliance;

namespace Backup.Cli.Commands;

/// <summary>What several commands have in common.</summary>
internal static class SharedOptions
{
    internal static Option<string?> Data() =>
        new("--data")
        {
            Description = "The appliance's data folder (else the variable BACKUP_DATA, else ./backup-data)",
            HelpName = "DIR",
        };

    internal static Option<bool> Json() => new("--json") { Description = "Print JSON for scripts" };

    internal static Argument<string> ReplicaSet() =>
        new("RS") { Description = "The replica set: its name, its id, or DEPLOYMENT/NAME" };

    internal static Argument<string> ReplicaSetOrCluster() =>
        new("NAME")
        {
            Description = "A sharded cluster, or a replica set: its name, its id, DEPLOYMENT/NAME, or CLUSTER/SHARD",
        };

    /// <summary>A command about everything, with --json and the options that say which appliance.</summary>
    /// <param name="name">What is typed.</param>
    /// <param name="description">For --help.</param>
    /// <param name="run">Gets which appliance and whether JSON is wanted; gives the exit code.</param>
    internal static Command Command(
        string name,
        string description,
        Func<ApplianceChoice, bool, CancellationToken, Task<int>> run
    ) => Command(name, description, [], (_, choice, json, cancellation) => run(choice, json, cancellation));

    /// <summary>The same with options of its own.</summary>
    /// <param name="name">What is typed.</param>
    /// <param name="description">For --help.</param>
    /// <param name="options">In the order of --help, before those that all have.</param>
    /// <param name="run">Gets what was typed, for its own options; which appliance, whether JSON is wanted; gives the exit code.</param>
    internal static Command Command(
        string name,
        string description,
        IReadOnlyList<Option> options,
        Func<ParseResult, ApplianceChoice, bool, CancellationToken, Task<int>> run
    )
    {
        var (choice, json) = (new ChoiceOptions(), Json());
        var command = new Command(name, description);
        foreach (var option in (IEnumerable<Option>)[.. options, json])
        {
            command.Add(option);
        }

        choice.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
                CommandRunner.RunAsync(
                    parsed.GetValue(json),
                    token => run(parsed, choice.Of(parsed), parsed.GetValue(json), token),
                    cancellation
                )
        );
        return command;
    }

    /// <summary>A command about one thing, with --json and the options that say which appliance.</summary>
    /// <param name="name">What is typed.</param>
    /// <param name="description">For --help.</param>
    /// <param name="subject">What it is about.</param>
    /// <param name="run">Gets which appliance, subject, whether JSON is wanted; gives the exit code.</param>
    internal static Command Command(
        string name,
        string description,
        Argument<string> subject,
        Func<ApplianceChoice, string, bool, CancellationToken, Task<int>> run
    ) =>
        Command(
            name,
            description,
            subject,
            [],
            (_, choice, about, json, cancellation) => run(choice, about, json, cancellation)
        );

    /// <summary>The same with options of its own.</summary>
    /// <param name="name">What is typed.</param>
    /// <param name="description">For --help.</param>
    /// <param name="subject">What it is about.</param>
    /// <param name="options">In the order of --help, before those that all have.</param>
    /// <param name="run">Gets what was typed, for its own options; which appliance, subject, whether JSON is wanted; gives the exit code.</param>
    internal static Command Command(
        string name,
        string description,
        Argument<string> subject,
        IReadOnlyList<Option> options,
        Func<ParseResult, ApplianceChoice, string, bool, CancellationToken, Task<int>> run
    )
    {
        var (choice, json) = (new ChoiceOptions(), Json());
        var command = new Command(name, description) { subject };
        foreach (var option in (IEnumerable<Option>)[.. options, json])
        {
            command.Options.Add(option);
        }

        choice.AddTo(command);

        command.SetAction(
            (parsed, cancellation) =>
                CommandRunner.RunAsync(
                    parsed.GetValue(json),
                    token =>
                        run(parsed, choice.Of(parsed), parsed.GetRequiredValue(subject), parsed.GetValue(json), token),
                    cancellation
                )
        );
        return command;
    }
}

using System.CommandLine;
using Backup.Cli.Appliance;
using Backup.Cli.Output;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup ssh keys</c> and <c>backup ssh targets</c>: where <c>backup restore --push</c> goes to.</summary>
internal static class SshCommands
{
    internal static Command Create() =>
        new("ssh", "Hosts that restores are pushed to over SSH, and the keys that open them") { Targets(), Keys() };

    private static Command Keys() =>
        new("keys", "Keys of the appliance: create, list, show, remove")
        {
            SharedOptions.Command(
                "create",
                "Make a key (ed25519); its public line goes into authorized_keys of the target",
                Name("KEY", "A name for it"),
                (choice, name, json, cancellation) =>
                    Question.AskAsync(
                        choice,
                        json,
                        appliance => appliance.Api.CreateSshKeyAsync(name, cancellation),
                        Print,
                        cancellation
                    )
            ),
            SharedOptions.Command(
                "list",
                "List the keys",
                (choice, json, cancellation) =>
                    Question.AskAsync(
                        choice,
                        json,
                        appliance => appliance.Api.SshKeysAsync(cancellation),
                        PrintAll,
                        cancellation
                    )
            ),
            SharedOptions.Command(
                "show",
                "Print the public line of a key",
                Name("KEY", "Its name"),
                (choice, name, json, cancellation) =>
                    Question.AskAsync(
                        choice,
                        json,
                        async appliance =>
                            (await appliance.Api.SshKeysAsync(cancellation)).FirstOrDefault(key => key.Name == name)
                            ?? throw CliErrors.NoSuchSshKey(name),
                        static key => Console.Out.WriteLine(key.PublicKey),
                        cancellation
                    )
            ),
            SharedOptions.Command(
                "remove",
                "Remove a key that no target uses",
                Name("KEY", "Its name"),
                (choice, name, json, cancellation) =>
                    Question.AskAsync(
                        choice,
                        json,
                        appliance => appliance.Api.RemoveSshKeyAsync(name, cancellation),
                        static key =>
                            Console.Out.WriteLine(
                                $"Removed the key {key.Name}; take its line out of authorized_keys: {key.PublicKey}"
                            ),
                        cancellation
                    )
            ),
        };

    private static Command Targets() =>
        new("targets", "Hosts and folders to push to: add, list, test, remove")
        {
            SshTargetAdd.Create(),
            SharedOptions.Command(
                "list",
                "List the targets",
                (choice, json, cancellation) =>
                    Question.AskAsync(
                        choice,
                        json,
                        appliance => appliance.Api.SshTargetsAsync(cancellation),
                        static targets =>
                        {
                            foreach (var target in targets)
                            {
                                Print(target);
                            }
                        },
                        cancellation
                    )
            ),
            SharedOptions.Command(
                "test",
                "Try everything that a push needs, step by step",
                Name("TARGET", "Its name"),
                TestAsync
            ),
            SharedOptions.Command(
                "remove",
                "Forget a target and its password; nothing is done to the host",
                Name("TARGET", "Its name"),
                (choice, name, json, cancellation) =>
                    Question.AskAsync(
                        choice,
                        json,
                        appliance => appliance.Api.RemoveSshTargetAsync(name, cancellation),
                        static target => Console.Out.WriteLine($"Removed the target {target.Name} ({target.Address})"),
                        cancellation
                    )
            ),
        };

    internal static Argument<string> Name(string name, string description) => new(name) { Description = description };

    internal static void Print(SshTargetView target) =>
        Console.Out.WriteLine(
            $"{target.Name}  {target.Address}  {target.Folder}  by {target.Login}  host key {target.HostKey}"
        );

    private static async Task<int> TestAsync(
        ApplianceChoice choice,
        string name,
        bool json,
        CancellationToken cancellation
    )
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: false, cancellation);
        var steps = await appliance.Api.TestSshTargetAsync(name, cancellation);
        if (json)
        {
            Printer.Json(steps);
        }

        foreach (var step in json ? [] : steps)
        {
            Console.Out.WriteLine($"{(step.Error is null ? "ok    " : "FAILED")}  {step.Name, -6}  {step.Text}");
            if (step.Error is { } error)
            {
                Console.Out.WriteLine($"  {error.Code}: {error.Hint}");
            }
        }

        return steps.Any(static step => step.Error is not null) ? ExitCodes.Failed : ExitCodes.Ok;
    }

    private static void PrintAll(IReadOnlyList<SshKeyView> keys)
    {
        foreach (var key in keys)
        {
            var used = key.Targets.Count == 0 ? "no target" : string.Join(", ", key.Targets);
            Console.Out.WriteLine($"{key.Name}  made {key.CreatedAt:u}  opens {used}");
        }
    }

    private static void Print(SshKeyView key)
    {
        Console.Out.WriteLine(
            $"Made the key {key.Name}. This line goes into ~/.ssh/authorized_keys of the target's user:"
        );
        Console.Out.WriteLine(key.PublicKey);
    }
}

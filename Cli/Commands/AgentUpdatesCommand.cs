using System.CommandLine;
using Backup.Cli.Appliance;
using Backup.Cli.Output;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup agents offer [FILE --version V] [--withdraw PLATFORM]</c>: builds that agents may take, or take by themselves.</summary>
internal static class AgentUpdatesCommand
{
    internal static Command Create()
    {
        var file = new Argument<string?>("FILE")
        {
            Description = "The program backup-agent of a release; left out: shows what is offered",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var version = new Option<string?>("--version")
        {
            Description = "That release's version, three numbers, for example 1.4.0",
            HelpName = "V",
        };
        var withdraw = new Option<string?>("--withdraw")
        {
            Description = "Offer nothing to the agents of that platform any more, for example linux-x64",
            HelpName = "PLATFORM",
        };
        var (choice, json) = (new ChoiceOptions(), SharedOptions.Json());
        var command = new Command("offer", "Offer a build of the agent to agents: signed, and never an older one")
        {
            file,
            version,
            withdraw,
            json,
        };
        choice.AddTo(command);
        command.Validators.Add(parsed =>
        {
            if (parsed.GetValue(file) is null != parsed.GetValue(version) is null)
            {
                parsed.AddError("FILE and --version go together.");
            }
        });
        command.SetAction(
            (parsed, cancellation) =>
                CommandRunner.RunAsync(
                    parsed.GetValue(json),
                    token =>
                        RunAsync(
                            choice.Of(parsed),
                            parsed.GetValue(file),
                            parsed.GetValue(version),
                            parsed.GetValue(withdraw),
                            parsed.GetValue(json),
                            token
                        ),
                    cancellation
                )
        );
        return command;
    }

    private static async Task<int> RunAsync(
        ApplianceChoice choice,
        string? file,
        string? version,
        string? withdraw,
        bool json,
        CancellationToken cancellation
    )
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: true, cancellation);
        if (withdraw is not null)
        {
            _ = await appliance.Api.WithdrawBuildAsync(withdraw, cancellation);
        }

        if (file is not null)
        {
            var request = new UpdateRequest(Path.GetFullPath(file), version!);
            _ = await appliance.Api.OfferBuildAsync(request, cancellation);
        }

        var all = await appliance.Api.BuildsAsync(cancellation);
        if (json)
        {
            Printer.Json(all);
            return ExitCodes.Ok;
        }

        if (all.Count == 0)
        {
            Console.Out.WriteLine("Nothing is offered to agents.");
        }

        foreach (var one in all)
        {
            Console.Out.WriteLine(
                $"{one.Platform}: version {one.Version}, {Printer.Bytes(one.Bytes)}, SHA-256 {one.Sha256}"
            );
        }

        return ExitCodes.Ok;
    }
}

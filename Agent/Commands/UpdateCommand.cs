using System.CommandLine;
using Backup.Agent.Configuration;
using Backup.Agent.Server;
using Backup.Agent.Updates;
using Backup.Agent.Work;

namespace Backup.Agent.Commands;

/// <summary><c>backup-agent update</c>: puts the build that the server offers into the place of this program.</summary>
internal static class UpdateCommand
{
    internal static Command Create()
    {
        var check = new Option<bool>("--check") { Description = "Only say whether there is one." };
        var settle = new Option<bool>("--settle")
        {
            Description = "Take an update back that did not come up: for whoever keeps the agent running.",
            Hidden = true,
        };
        var command = new Command("update", "Fetch, verify and install the build that the server offers.")
        {
            check,
            settle,
        };
        command.SetAction(
            (parsed, cancellation) =>
                AgentOptions.GuardAsync(
                    parsed,
                    log =>
                        parsed.GetValue(settle)
                            ? Task.FromResult(Settle(AgentOptions.Folder(parsed), log))
                            : UpdateAsync(AgentOptions.Folder(parsed), parsed.GetValue(check), log, cancellation)
                )
        );
        return command;
    }

    private static int Settle(string folder, AgentLog log)
    {
        if (new UpdateTrial(folder, Installation.OfThisProcess()).Settle() == TrialVerdict.TakenBack)
        {
            log.Error(AgentErrors.UpdateFailed(isBack: true));
        }

        return AgentExitCodes.Ok;
    }

    private static async Task<int> UpdateAsync(
        string folder,
        bool checkOnly,
        AgentLog log,
        CancellationToken cancellation
    )
    {
        using var credentials = AgentCredentials.Open(folder);
        using var server = new ServerClient(credentials, TimeProvider.System);
        var updater = new Updater(
            folder,
            Installation.OfThisProcess(),
            AgentCommands.Version,
            credentials,
            server,
            TimeProvider.System
        );
        if (await updater.CheckAsync(cancellation) is not { } offer)
        {
            Console.Out.WriteLine($"This is version {AgentCommands.Version}; the server offers no newer one.");
            return AgentExitCodes.Ok;
        }

        if (checkOnly)
        {
            Console.Out.WriteLine(
                $"The server offers version {offer.Version} ({offer.Length} bytes); this is {AgentCommands.Version}."
                    + (updater.IsRefused(offer) ? " It did not come up here before." : "")
            );
            return AgentExitCodes.Ok;
        }

        await updater.ApplyAsync(offer, cancellation);
        log.Info("updated", message: $"{offer.Version} is in place");
        Console.Out.WriteLine(
            $"Version {offer.Version} is in place. Start the agent again: what runs is still the one before."
        );
        return AgentExitCodes.Ok;
    }
}

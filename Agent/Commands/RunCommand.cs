using System.CommandLine;
using Backup.Agent.Configuration;
using Backup.Agent.Server;
using Backup.Agent.Status;
using Backup.Agent.Updates;
using Backup.Agent.Work;
using Backup.Foundation.Services;

namespace Backup.Agent.Commands;

/// <summary><c>backup-agent run</c>: backs up what the server says, until it is stopped.</summary>
internal static class RunCommand
{
    internal static Command Create()
    {
        var server = new Option<System.Uri?>("--server")
        {
            Description = "The server's address now, where it is another than at the enrolment.",
            CustomParser = AgentOptions.ParseAddress,
        };
        var stopWithInput = new Option<bool>("--stop-with-input")
        {
            Description = "Stop when standard input closes: for a parent that may be killed.",
        };
        var command = new Command("run", "Back up what the server says, until stopped.") { server, stopWithInput };
        command.SetAction(
            (parsed, cancellation) =>
                AgentOptions.GuardAsync(parsed, log => RunAsync(parsed, server, stopWithInput, log, cancellation))
        );
        return command;
    }

    private static async Task<int> RunAsync(
        ParseResult parsed,
        Option<System.Uri?> server,
        Option<bool> stopWithInput,
        AgentLog log,
        CancellationToken cancellation
    )
    {
        var folder = AgentOptions.Folder(parsed);
        var moved = parsed.GetValue(server);
        using var credentials = AgentCredentials.Open(folder, moved is null ? null : AgentOptions.RequireHttps(moved));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        if (parsed.GetValue(stopWithInput))
        {
            _ = StopWithInputAsync(stop);
        }

        var trial = Installation.IsThisProcess ? new UpdateTrial(folder, Installation.OfThisProcess()) : null;
        var verdict = trial?.Begin() ?? TrialVerdict.None;
        if (verdict == TrialVerdict.TakenBack)
        {
            log.Error(AgentErrors.UpdateFailed(isBack: true));
            return AgentExitCodes.StartAgain;
        }

        using var client = new ServerClient(credentials, TimeProvider.System);
        var service = new AgentService(client, log, TimeProvider.System, AgentCommands.Version);
        log.Info("started", message: credentials.Identity.ToString());
        ServiceNotice.Ready();
        var isReplaced = false;
        await Task.WhenAll(
            new CredentialKeeper(credentials, client, log, TimeProvider.System).RunAsync(stop.Token),
            StatusSocket.RunAsync(
                folder,
                () => service.Describe(credentials.Identity),
                log,
                TimeProvider.System,
                stop.Token
            ),
            service.RunAsync(stop.Token),
            KeepUpdatedAsync()
        );
        log.Info("stopped");
        return isReplaced ? AgentExitCodes.StartAgain : AgentExitCodes.Ok;

        async Task KeepUpdatedAsync()
        {
            if (trial is null)
            {
                return;
            }

            var updater = new Updater(
                folder,
                Installation.OfThisProcess(),
                AgentCommands.Version,
                credentials,
                client,
                TimeProvider.System
            );
            isReplaced = await new UpdateKeeper(trial, updater, service, log, TimeProvider.System).RunAsync(
                verdict,
                Environment.GetEnvironmentVariable(UpdateKeeper.Variable) == UpdateKeeper.Automatic,
                stop.Token
            );
            if (isReplaced)
            {
                await stop.CancelAsync();
            }
        }
    }

    /// <summary>A parent holds the other end of standard input: the operating system closes it even where the parent is killed.</summary>
    private static async Task StopWithInputAsync(CancellationTokenSource stop)
    {
        await using var input = Console.OpenStandardInput();
        var buffer = new byte[64];
        while (await input.ReadAsync(buffer) > 0) { }

        await stop.CancelAsync();
    }
}

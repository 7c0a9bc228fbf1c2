using System.CommandLine;
using Backup.Cli.Appliance;
using Backup.Cli.Configuration;
using Backup.Foundation.Services;

namespace Backup.Cli.Commands;

/// <summary>
/// <c>backup up</c>: the whole appliance in one process, with the agent as its child; <c>backup server</c>: what of it people and agents talk to, as one of any
/// number on shared stores.
/// </summary>
internal static class UpCommand
{
    internal static Command Up()
    {
        var protect = new Option<string[]>("--protect")
        {
            Description =
                "A MongoDB deployment to protect, may be repeated (or the variable BACKUP_PROTECT, several with spaces between them); without it, what was protected before, or a sandbox",
            HelpName = "URI",
        };
        var service = new ServiceOptions();
        var command = new Command("up", "Run the whole appliance: server, daemon, agent") { protect };
        service.AddTo(command);
        SetAction(
            command,
            service,
            ApplianceRole.Whole,
            (parsed, options) =>
                options with
                {
                    Protect = ServiceOptions.Or(
                        parsed.GetValue(protect),
                        () => ProtectList.Read(options.Configuration)
                    ),
                }
        );
        return command;
    }

    internal static Command Server()
    {
        var service = new ServiceOptions();
        var command = new Command(
            "server",
            "Run a server: web interface, API, agents, alerts; its catalogue ('metadata') and stores are on MongoDB or S3, and heads are kept by 'backup daemon'"
        );
        service.AddTo(command);
        SetAction(command, service, ApplianceRole.Server, static (_, options) => options);
        return command;
    }

    private static void SetAction(
        Command command,
        ServiceOptions service,
        ApplianceRole role,
        Func<ParseResult, ApplianceOptions, ApplianceOptions> also
    ) =>
        command.SetAction(
            (parsed, cancellation) =>
                CommandRunner.RunAsync(
                    parsed.GetValue(service.Json),
                    token =>
                    {
                        var (root, options) = service.Read(parsed, role);
                        return RunAsync(root, also(parsed, options), parsed.GetValue(service.Json), token);
                    },
                    cancellation
                )
        );

    private static async Task<int> RunAsync(
        string root,
        ApplianceOptions options,
        bool json,
        CancellationToken cancellation
    )
    {
        var narrator = new UpNarrator(root, json);
        await using var appliance = await Appliance.Appliance.OpenAsync(root, options, cancellation);
        narrator.Started(appliance);
        using var reload = ReloadSignal.Listen(appliance.Reload);
        ServiceNotice.Ready();
        try
        {
            await narrator.WatchAsync(appliance.Operations, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            ServiceNotice.Stopping();
            narrator.Stopping();
        }

        return ExitCodes.Ok;
    }
}

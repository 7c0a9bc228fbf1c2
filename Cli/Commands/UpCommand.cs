using System.CommandLine;
using System.Net;
using Backup.Cli.Appliance;
using Backup.Cli.Configuration;
using Backup.Foundation.Services;

namespace Backup.Cli.Commands;

/// <summary><c>backup up</c>: the whole appliance in one process, with the agent as its child.</summary>
internal static class UpCommand
{
    internal static Command Create()
    {
        var protect = new Option<string[]>("--protect")
        {
            Description =
                "A MongoDB deployment to protect, may be repeated (or the variable BACKUP_PROTECT, several with spaces between them); without it, what was protected before, or a sandbox",
            HelpName = "URI",
        };
        var http = Port("--http", "Web interface and public API", Settings.HttpPort);
        var address = new Option<string?>("--http-address")
        {
            Description =
                "Where the web interface is served: on loopback (127.0.0.1 unless set) without TLS, on any other address (0.0.0.0 for all) with the appliance's certificate",
            HelpName = "ADDRESS",
        };
        address.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } given && !IPAddress.TryParse(given, out _))
            {
                result.AddError("--http-address takes an address of this host, for example 127.0.0.1 or 0.0.0.0.");
            }
        });
        var agents = Port("--agents", "TLS port for agents", Settings.AgentsPort);
        var names = new Option<string[]>("--name")
        {
            Description =
                "A name or address by which agents on other hosts reach this one, for its certificate (may be repeated)",
            HelpName = "NAME",
        };
        var mongods = new Option<string[]>("--mongod")
        {
            Description =
                "The mongod of a version, for restores to data files: 4.2=/opt/mongodb/4.2/bin/mongod, may be repeated (or the variable BACKUP_MONGOD, several with commas between them)",
            HelpName = "VERSION=PATH",
        };
        var verbose = new Option<bool>("--verbose") { Description = "Log to standard error too, not only to DIR/log" };
        var (data, config, json) = (SharedOptions.Data(), ConfigCommand.File(), SharedOptions.Json());
        var command = new Command("up", "Run the whole appliance: server, daemon, agent")
        {
            protect,
            data,
            config,
            http,
            address,
            agents,
            names,
            mongods,
            verbose,
            json,
        };
        command.SetAction(
            (parsed, cancellation) =>
                CommandRunner.RunAsync(
                    parsed.GetValue(json),
                    token =>
                    {
                        var configuration = ApplianceConfiguration.Load(parsed.GetValue(config));
                        var options = new ApplianceOptions
                        {
                            Configuration = configuration,
                            Protect = Or(parsed.GetValue(protect), () => ProtectList.Read(configuration)),
                            HttpPort = parsed.GetValue(http) ?? configuration.Number(Settings.HttpPort) ?? 8080,
                            HttpAddress = IPAddress.Parse(
                                parsed.GetValue(address) ?? configuration.Text(Settings.HttpAddress) ?? "127.0.0.1"
                            ),
                            AgentsPort = parsed.GetValue(agents) ?? configuration.Number(Settings.AgentsPort) ?? 8081,
                            Names = Or(parsed.GetValue(names), () => configuration.List(Settings.Names)),
                            Mongods = parsed.GetValue(mongods) ?? [],
                            Verbose = parsed.GetValue(verbose),
                        };
                        var root = DataFolder.Resolve(parsed.GetValue(data), configuration);
                        return RunAsync(root, options, parsed.GetValue(json), token);
                    },
                    cancellation
                )
        );
        return command;
    }

    private static IReadOnlyList<string> Or(string[]? given, Func<IReadOnlyList<string>> configured) =>
        given is { Length: > 0 } ? given : configured();

    private static Option<int?> Port(string name, string description, string key)
    {
        var option = new Option<int?>(name)
        {
            Description =
                $"{description}, 1 to 65535, or 0 for any that is free; {Settings.Of(key).Default} unless set",
            HelpName = "PORT",
        };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < 0 or > 65535)
            {
                result.AddError($"{name} takes a port from 0 to 65535.");
            }
        });
        return option;
    }

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

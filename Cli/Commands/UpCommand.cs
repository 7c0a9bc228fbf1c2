using System.CommandLine;
using System.Net;
using Backup.Cli.Appliance;

namespace Backup.Cli.Commands;

/// <summary><c>backup up</c>: the whole appliance in one process, with the agent as its child.</summary>
internal static class UpCommand
{
    /// <summary>The URI may hold a password, and a command line is seen by everybody on the host: this variable is the other way.</summary>
    private const string ProtectVariable = "BACKUP_PROTECT";

    internal static Command Create()
    {
        var protect = new Option<string[]>("--protect")
        {
            Description =
                $"A MongoDB deployment to protect, may be repeated (or the variable {ProtectVariable}, several with spaces between them); without it, what was protected before, or a sandbox",
            HelpName = "URI",
        };
        var http = Port("--http", 8080, "Web interface and public API");
        var address = new Option<string>("--http-address")
        {
            Description =
                "Where the web interface is served: on loopback without TLS, on any other address (0.0.0.0 for all) with the appliance's certificate",
            DefaultValueFactory = _ => "127.0.0.1",
            HelpName = "ADDRESS",
        };
        address.Validators.Add(result =>
        {
            if (!IPAddress.TryParse(result.GetValueOrDefault<string>(), out _))
            {
                result.AddError("--http-address takes an address of this host, for example 127.0.0.1 or 0.0.0.0.");
            }
        });
        var agents = Port("--agents", 8081, "TLS port for agents");
        var names = new Option<string[]>("--name")
        {
            Description =
                "A name or address by which agents on other hosts reach this one, for its certificate (may be repeated)",
            HelpName = "NAME",
        };
        var mongods = new Option<string[]>("--mongod")
        {
            Description =
                $"The mongod of a version, for restores to data files: 4.2=/opt/mongodb/4.2/bin/mongod, may be repeated (or the variable {ApplianceSettings.MongodPaths}, several with commas between them)",
            HelpName = "VERSION=PATH",
        };
        var verbose = new Option<bool>("--verbose") { Description = "Log to standard error too, not only to DIR/log" };
        var (data, json) = (SharedOptions.Data(), SharedOptions.Json());
        var command = new Command("up", "Run the whole appliance: server, daemon, agent")
        {
            protect,
            data,
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
                        RunAsync(
                            DataFolder.Resolve(parsed.GetValue(data)),
                            new ApplianceOptions
                            {
                                Protect = Named(parsed.GetValue(protect)),
                                HttpPort = parsed.GetValue(http),
                                HttpAddress = IPAddress.Parse(parsed.GetValue(address)!),
                                AgentsPort = parsed.GetValue(agents),
                                Names = parsed.GetValue(names) ?? [],
                                Mongods = parsed.GetValue(mongods) ?? [],
                                Verbose = parsed.GetValue(verbose),
                            },
                            parsed.GetValue(json),
                            token
                        ),
                    cancellation
                )
        );
        return command;
    }

    /// <summary>No URI holds a space: one that does is written with %20.</summary>
    private static IReadOnlyList<string> Named(string[]? given) =>
        given is { Length: > 0 }
            ? given
            : (Environment.GetEnvironmentVariable(ProtectVariable) ?? "").Split(
                (char[]?)null,
                StringSplitOptions.RemoveEmptyEntries
            );

    private static Option<int> Port(string name, int value, string description)
    {
        var option = new Option<int>(name)
        {
            Description = $"{description}, 1 to 65535, or 0 for any that is free",
            DefaultValueFactory = _ => value,
            HelpName = "PORT",
        };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 0 or > 65535)
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
        try
        {
            await narrator.WatchAsync(appliance.Operations, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            narrator.Stopping();
        }

        return ExitCodes.Ok;
    }
}

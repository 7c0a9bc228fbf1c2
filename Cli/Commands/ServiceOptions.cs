using System.CommandLine;
using System.Net;
using Backup.Cli.Appliance;
using Backup.Cli.Configuration;

namespace Backup.Cli.Commands;

/// <summary>What processes that serve agents and people are started with.</summary>
internal sealed class ServiceOptions
{
    private readonly Option<int?> _http = Port("--http", "Web interface and public API", Settings.HttpPort);
    private readonly Option<string?> _address = Address();
    private readonly Option<int?> _agents = Port("--agents", "TLS port for agents", Settings.AgentsPort);
    private readonly Option<string[]> _names = new("--name")
    {
        Description =
            "A name or address by which agents on other hosts reach this one, for its certificate (may be repeated)",
        HelpName = "NAME",
    };
    private readonly Option<string[]> _mongods = new("--mongod")
    {
        Description =
            "The mongod of a version, for restores to data files: 4.2=/opt/mongodb/4.2/bin/mongod, may be repeated (or the variable BACKUP_MONGOD, several with commas between them)",
        HelpName = "VERSION=PATH",
    };
    private readonly Option<bool> _verbose = Verbose();

    internal Option<string?> Data { get; } = SharedOptions.Data();

    internal Option<string?> Config { get; } = ConfigCommand.File();

    internal Option<bool> Json { get; } = SharedOptions.Json();

    internal void AddTo(Command command)
    {
        foreach (var one in new Option[] { Data, Config, _http, _address, _agents, _names, _mongods, _verbose, Json })
        {
            command.Add(one);
        }
    }

    /// <exception cref="Foundation.Errors.BackupException">9670 to 9673 of the configuration.</exception>
    internal (string Root, ApplianceOptions Options) Read(ParseResult parsed, ApplianceRole role)
    {
        var configuration = ApplianceConfiguration.Load(parsed.GetValue(Config));
        var options = new ApplianceOptions
        {
            Role = role,
            Configuration = configuration,
            HttpPort = parsed.GetValue(_http) ?? configuration.Number(Settings.HttpPort) ?? 8080,
            HttpAddress = IPAddress.Parse(
                parsed.GetValue(_address) ?? configuration.Text(Settings.HttpAddress) ?? "127.0.0.1"
            ),
            AgentsPort = parsed.GetValue(_agents) ?? configuration.Number(Settings.AgentsPort) ?? 8081,
            Names = Or(parsed.GetValue(_names), () => configuration.List(Settings.Names)),
            Mongods = parsed.GetValue(_mongods) ?? [],
            Verbose = parsed.GetValue(_verbose),
        };
        return (DataFolder.Resolve(parsed.GetValue(Data), configuration), options);
    }

    internal static Option<bool> Verbose() =>
        new("--verbose") { Description = "Log to standard error too, not only to DIR/log" };

    /// <summary>What was typed, else what is configured.</summary>
    internal static IReadOnlyList<string> Or(string[]? given, Func<IReadOnlyList<string>> configured) =>
        given is { Length: > 0 } ? given : configured();

    internal static Option<int?> Port(string name, string description, string key)
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

    private static Option<string?> Address()
    {
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
        return address;
    }
}

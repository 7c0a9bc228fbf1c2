using System.CommandLine;
using System.CommandLine.Parsing;
using Backup.Cli.Api;
using Backup.Cli.Appliance;
using Backup.Cli.Configuration;
using Backup.Cli.Control;
using Backup.Cli.Output;
using Backup.Foundation.Files;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary>
/// <c>backup serve RS|CLUSTER (--snapshot ID | --latest | --time T | --optime T,I)</c>: a backup as a read-only MongoDB; <c>--list</c>, <c>--stop ID</c>. It runs in
/// the appliance, or, where none does, in the command itself until it is interrupted.
/// </summary>
internal sealed class ServeCommand
{
    /// <summary>A password for --user that stands in no command line.</summary>
    private const string PasswordVariable = "BACKUP_SERVE_PASSWORD";

    private readonly Argument<string?> _subject = new("RS|CLUSTER")
    {
        Description = "A replica set (its name, its id, DEPLOYMENT/NAME, CLUSTER/SHARD) or a sharded cluster",
        Arity = ArgumentArity.ZeroOrOne,
    };

    private readonly MomentOptions _moment = new() { IsOptional = true };

    private readonly Option<string[]> _namespaces = new("--namespace")
    {
        Description = "Serve only these: DB, DB.COLLECTION or DB.PREFIX*; may be given several times",
        HelpName = "NS",
    };

    private readonly Option<string> _address = new("--address")
    {
        Description = "The IP address to listen on",
        HelpName = "IP",
        DefaultValueFactory = static _ => "127.0.0.1",
    };

    private readonly Option<int> _port = new("--port")
    {
        Description = "The port; 0 takes one that is free",
        HelpName = "PORT",
        DefaultValueFactory = static _ => 0,
    };

    private readonly Option<string> _for = new("--for")
    {
        Description = "Close by itself after so long, for example 90m, 8h, 2d",
        HelpName = "TIME",
        DefaultValueFactory = static _ => "24h",
    };

    private readonly Option<string?> _user = new("--user")
    {
        Description = $"The user's name; the password is read from {PasswordVariable} or --password-file, or made",
        HelpName = "NAME",
    };

    private readonly Option<string?> _passwordFile = new("--password-file")
    {
        Description = "A file with the password in its first line",
        HelpName = "PATH",
    };

    private readonly Option<bool> _noTls = new("--no-tls") { Description = "Without TLS; on loopback only" };

    private readonly Option<string?> _caOutput = new("--ca-output")
    {
        Description =
            "Where the certificate authority is written to for clients (else serve-ca.pem in the data folder, or here where the appliance is elsewhere)",
        HelpName = "PATH",
    };

    private readonly Option<bool> _list = new("--list") { Description = "Show what is served" };

    private readonly Option<string?> _stop = new("--stop") { Description = "Stop one", HelpName = "ID" };

    private readonly ChoiceOptions _choice = new();

    private readonly Option<bool> _json = SharedOptions.Json();

    internal static Command Create() => new ServeCommand().Build();

    private Command Build()
    {
        var command = new Command("serve", "Serve a backup as a read-only MongoDB, for shells, Compass and drivers")
        {
            _subject,
            _namespaces,
            _address,
            _port,
            _for,
            _user,
            _passwordFile,
            _noTls,
            _caOutput,
            _list,
            _stop,
            _json,
        };
        _choice.AddTo(command);
        _moment.AddTo(command);
        command.Validators.Add(Validate);
        command.SetAction(
            (parsed, cancellation) =>
                CommandRunner.RunAsync(
                    parsed.GetValue(_json),
                    token =>
                        parsed.GetValue(_list) ? ListAsync(parsed, token)
                        : parsed.GetValue(_stop) is { } id ? StopAsync(parsed, id, token)
                        : ServeAsync(parsed, token),
                    cancellation
                )
        );
        return command;
    }

    private void Validate(CommandResult result)
    {
        var asks = (result.GetValue(_list) ? 1 : 0) + (result.GetValue(_stop) is not null ? 1 : 0);
        var serves = result.GetValue(_subject) is not null;
        if (asks + (serves ? 1 : 0) != 1)
        {
            result.AddError("Say what to serve (RS or CLUSTER, and which moment), or --list, or --stop ID.");
        }
        else if (serves != _moment.IsGiven(result))
        {
            result.AddError(
                serves
                    ? "Say what: one of --snapshot ID, --latest, --time TIME and --optime T,I."
                    : "A moment goes with a replica set or a cluster."
            );
        }
    }

    private async Task<int> ListAsync(ParseResult parsed, CancellationToken cancellation)
    {
        await using var appliance = await ApplianceConnection.OpenAsync(
            _choice.Of(parsed),
            needsRunning: true,
            cancellation
        );
        var served = await appliance.Api.ServedAsync(cancellation);
        if (parsed.GetValue(_json))
        {
            Printer.Json(served);
            return ExitCodes.Ok;
        }

        foreach (var one in served)
        {
            Console.Out.WriteLine(
                $"{one.Id}  {one.What}  {one.Uri}  until {one.Until:u}, {one.Connections} connections"
            );
        }

        if (served.Count == 0)
        {
            Console.Out.WriteLine("Nothing is served.");
        }

        return ExitCodes.Ok;
    }

    private async Task<int> StopAsync(ParseResult parsed, string id, CancellationToken cancellation)
    {
        await using var appliance = await ApplianceConnection.OpenAsync(
            _choice.Of(parsed),
            needsRunning: true,
            cancellation
        );
        var stopped = await appliance.Api.StopServedAsync(id, cancellation);
        if (parsed.GetValue(_json))
        {
            Printer.Json(stopped);
        }
        else
        {
            Console.Out.WriteLine($"{stopped.What} is served no more.");
        }

        return ExitCodes.Ok;
    }

    private async Task<int> ServeAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var moment = _moment.MomentOf(parsed);
        var request = new ServeRequestView(
            parsed.GetValue(_subject)!,
            _moment.SnapshotOf(parsed),
            moment is { Parameter: ControlRoutes.OptimeParameter } optime ? optime.Value : null,
            moment is { Parameter: ControlRoutes.SecondParameter } second ? second.Value : null,
            parsed.GetValue(_namespaces) ?? [],
            parsed.GetRequiredValue(_address),
            parsed.GetValue(_port),
            DurationText.Parse("--for", parsed.GetRequiredValue(_for)).TotalSeconds,
            parsed.GetValue(_user),
            await PasswordAsync(parsed, cancellation),
            !parsed.GetValue(_noTls)
        );
        await using var appliance = await ApplianceConnection.OpenAsync(
            _choice.Of(parsed),
            needsRunning: false,
            cancellation
        );
        var served = await appliance.Api.ServeAsync(request, cancellation);
        var caFile = served.CaPem is null ? null : WriteCa(parsed, appliance, served.CaPem);
        Report(parsed, served, caFile, appliance.IsRunning);
        if (!appliance.IsRunning)
        {
            await WaitAsync(appliance.Api, served.Id, cancellation);
        }

        return ExitCodes.Ok;
    }

    /// <summary>Null where one is to be made.</summary>
    private async Task<string?> PasswordAsync(ParseResult parsed, CancellationToken cancellation)
    {
        if (parsed.GetValue(_passwordFile) is { } file)
        {
            var lines = await File.ReadAllLinesAsync(file, cancellation);
            return lines.Length > 0
                ? lines[0]
                : throw CliErrors.Argument($"{file} holds no password.", "Write it into the first line.");
        }

        return Environment.GetEnvironmentVariable(PasswordVariable) is { Length: > 0 } given ? given : null;
    }

    private string WriteCa(ParseResult parsed, ApplianceConnection appliance, string pem)
    {
        var folder = appliance.Host is null
            ? DataFolder.Resolve(_choice.Of(parsed).Data, ApplianceConfiguration.Load(option: null))
            : "";
        var path = Path.GetFullPath(parsed.GetValue(_caOutput) ?? Path.Combine(folder, "serve-ca.pem"));
        DurableFile.Write(path, System.Text.Encoding.ASCII.GetBytes(pem + "\n"));
        return path;
    }

    private void Report(ParseResult parsed, ServedView served, string? caFile, bool runsOn)
    {
        var uri = served.Uri + (caFile is null ? "" : $"&tlsCAFile={Uri.EscapeDataString(caFile)}");
        if (parsed.GetValue(_json))
        {
            Printer.Json(served with { Uri = uri, CaPem = null });
            return;
        }

        Console.Out.WriteLine($"Serving {served.What} as {served.Id}, read-only, until {served.Until:u}.");
        Console.Out.WriteLine($"  {uri}");
        if (served.Password is { } password)
        {
            Console.Out.WriteLine($"  password, shown once: {password}");
        }

        Console.Out.WriteLine(
            runsOn
                ? $"  It goes on in the appliance; end it with: backup serve --stop {served.Id}"
                : "  No appliance runs on the data folder: it is served until this command ends (Ctrl-C)."
        );
    }

    /// <summary>Until it ends by itself; cancelled, the appliance of this command closes it.</summary>
    private static async Task WaitAsync(ApiClient client, string id, CancellationToken cancellation)
    {
        while ((await client.ServedAsync(cancellation)).Exists(one => one.Id == id))
        {
            await Task.Delay(TimeSpan.FromSeconds(1), cancellation);
        }
    }
}

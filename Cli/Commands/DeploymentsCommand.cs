using System.CommandLine;
using Backup.Cli.Appliance;
using Backup.Cli.Output;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup deployments</c>: what is protected, changed while the appliance and its agents run.</summary>
internal static class DeploymentsCommand
{
    internal static Command Create() =>
        new("deployments", "What is protected: list, add, set-uri, remove")
        {
            SharedOptions.Command("list", "List the deployments that are protected, and those that were", ListAsync),
            Add(),
            SetUri(),
            SharedOptions.Command(
                "remove",
                "Protect a deployment no longer; all its snapshots stay",
                new Argument<string>("DEPLOYMENT") { Description = "Its name or id" },
                RemoveAsync
            ),
        };

    private static Command Add()
    {
        var (include, exclude) = (NamespacesCommand.Include(), NamespacesCommand.Exclude());
        var name = new Option<string?>("--name")
        {
            Description = "By which commands name it; unless given, its replica set's name or its first host's",
            HelpName = "NAME",
        };
        return SharedOptions.Command(
            "add",
            "Protect a further deployment; agents begin within seconds",
            new Argument<string>("FILE") { Description = "A file with its URI, or - for standard input" },
            [include, exclude, name],
            (parsed, choice, file, json, cancellation) =>
                AddAsync(
                    choice,
                    file,
                    uri => new DeploymentRequest(
                        uri,
                        NamespacesCommand.Given(parsed, include),
                        NamespacesCommand.Given(parsed, exclude),
                        parsed.GetValue(name)
                    ),
                    json,
                    cancellation
                )
        );
    }

    private static Command SetUri()
    {
        var (deployment, file, json, choice) = (
            new Argument<string>("DEPLOYMENT") { Description = "Its name or id" },
            new Argument<string>("FILE") { Description = "A file with its URI, or - for standard input" },
            SharedOptions.Json(),
            new ChoiceOptions()
        );
        var command = new Command(
            "set-uri",
            "Say where a deployment is to be found from now on (another password, other hosts); agents begin anew with it within seconds, and all that is stored stays"
        )
        {
            deployment,
            file,
            json,
        };
        choice.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
                CommandRunner.RunAsync(
                    parsed.GetValue(json),
                    token =>
                        SetUriAsync(
                            choice.Of(parsed),
                            parsed.GetRequiredValue(deployment),
                            parsed.GetRequiredValue(file),
                            parsed.GetValue(json),
                            token
                        ),
                    cancellation
                )
        );
        return command;
    }

    private static async Task<int> SetUriAsync(
        ApplianceChoice choice,
        string deployment,
        string file,
        bool json,
        CancellationToken cancellation
    )
    {
        var uri = await ReadUriAsync(file, $"set-uri {deployment}", cancellation);
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: false, cancellation);
        var changed = await appliance.Api.SetDeploymentUriAsync(deployment, uri, cancellation);
        return Print(changed, json, $"{changed.Name} is looked for at {string.Join(',', changed.Hosts)} from now on.");
    }

    private static async Task<int> ListAsync(ApplianceChoice choice, bool json, CancellationToken cancellation)
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: false, cancellation);
        var all = await appliance.Api.DeploymentsAsync(cancellation);
        if (json)
        {
            Printer.Json(all);
            return ExitCodes.Ok;
        }

        foreach (var one in all)
        {
            var removed = one.RemovedAt is { } at ? $"  no longer protected since {at:u}" : "";
            Console.Out.WriteLine($"{one.Id}  {one.Name}  {string.Join(',', one.Hosts)}{removed}");
        }

        return ExitCodes.Ok;
    }

    /// <summary>The URI may hold a password, and a command line is seen by everybody on the host.</summary>
    private static async Task<string> ReadUriAsync(string file, string command, CancellationToken cancellation)
    {
        if (file.StartsWith("mongodb", StringComparison.Ordinal) && file.Contains("://", StringComparison.Ordinal))
        {
            throw CliErrors.Argument(
                "A URI is not taken on the command line, where everybody on this host can read it.",
                $"Put it into a file that you alone may read and name that, or pass it on standard input: backup deployments {command} -"
            );
        }

        return file == "-" ? (await Console.In.ReadToEndAsync(cancellation)).Trim() : FileInput.Read(file)!;
    }

    private static async Task<int> AddAsync(
        ApplianceChoice choice,
        string file,
        Func<string, DeploymentRequest> request,
        bool json,
        CancellationToken cancellation
    )
    {
        var uri = await ReadUriAsync(file, "add", cancellation);
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: true, cancellation);
        var added = await appliance.Api.AddDeploymentAsync(request(uri), cancellation);
        return Print(added, json, $"{added.Name} is protected; 'backup status' shows how far its copy is.");
    }

    private static async Task<int> RemoveAsync(
        ApplianceChoice choice,
        string deployment,
        bool json,
        CancellationToken cancellation
    )
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: false, cancellation);
        var removed = await appliance.Api.RemoveDeploymentAsync(deployment, cancellation);
        return Print(removed, json, $"{removed.Name} is no longer protected. Its snapshots stay as they are.");
    }

    private static int Print(DeploymentEntryView deployment, bool json, string text)
    {
        if (json)
        {
            Printer.Json(deployment);
        }
        else
        {
            Console.Out.WriteLine(text);
        }

        return ExitCodes.Ok;
    }
}

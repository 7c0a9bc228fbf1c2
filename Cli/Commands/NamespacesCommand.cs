using System.CommandLine;
using Backup.Cli.Appliance;
using Backup.Cli.Output;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup namespaces RS [--include …] [--exclude …] [--clear]</c>: shows, and changes, what of a deployment is backed up.</summary>
internal static class NamespacesCommand
{
    internal static Command Create()
    {
        var (include, exclude) = (Include(), Exclude());
        var clear = new Option<bool>("--clear") { Description = "Empty both lists before what else is given" };
        return SharedOptions.Command(
            "namespaces",
            "Show or change which collections are backed up",
            SharedOptions.ReplicaSet(),
            [include, exclude, clear],
            (parsed, choice, replicaSet, json, cancellation) =>
            {
                var change = new NamespacesChange(
                    Given(parsed, include),
                    Given(parsed, exclude),
                    parsed.GetValue(clear)
                );
                return RunAsync(choice, replicaSet, change, json, cancellation);
            }
        );
    }

    internal static Option<string[]> Include() =>
        new("--include")
        {
            Description =
                "Back up nothing but these: db, db.coll or db.prefix*; may be given several times, and is the whole list then",
            HelpName = "NAMESPACE",
        };

    internal static Option<string[]> Exclude() =>
        new("--exclude") { Description = "Leave these out, whatever is included; likewise", HelpName = "NAMESPACE" };

    /// <summary>Null where the option is not there.</summary>
    internal static string[]? Given(ParseResult parsed, Option<string[]> option) =>
        parsed.GetValue(option) is { Length: > 0 } given ? given : null;

    private static async Task<int> RunAsync(
        ApplianceChoice choice,
        string replicaSet,
        NamespacesChange change,
        bool json,
        CancellationToken cancellation
    )
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: false, cancellation);
        var view = change.IsEmpty
            ? await appliance.Api.NamespacesAsync(replicaSet, cancellation)
            : await appliance.Api.ChangeNamespacesAsync(replicaSet, change, cancellation);
        if (json)
        {
            Printer.Json(view);
            return ExitCodes.Ok;
        }

        Console.Out.WriteLine($"deployment {view.Deployment}: {view.Text} is backed up");
        if (!view.InForce)
        {
            Console.Out.WriteLine(
                $"  not yet in force: what is new is copied first, what is left out leaves at the next entry ('backup status', 'backup ranges {replicaSet}')"
            );
        }

        return ExitCodes.Ok;
    }
}

using System.CommandLine;
using Backup.Cli.Appliance;
using Backup.Cli.Output;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary>
/// <c>backup resync RS</c>: a fresh initial sync, the way out of a hole in the oplog or a stopped head. <c>--namespace db.coll</c>: of some collections
/// alone, while everything else is followed. Snapshots stay.
/// </summary>
internal static class ResyncCommand
{
    internal static Command Create()
    {
        var namespaces = new Option<string[]>("--namespace")
        {
            Description =
                "Copy these collections anew and nothing else: db.coll, db (all of it) or db.prefix*; may be given several times",
            HelpName = "NAMESPACE",
        };
        var cancel = new Option<bool>("--cancel") { Description = "Give up fresh copies that are under way" };
        return SharedOptions.Command(
            "resync",
            "Start the initial sync over, or copy some collections anew; every snapshot stays",
            SharedOptions.ReplicaSet(),
            [namespaces, cancel],
            (parsed, choice, replicaSet, json, cancellation) =>
                RunAsync(
                    choice,
                    replicaSet,
                    parsed.GetValue(namespaces) ?? [],
                    parsed.GetValue(cancel),
                    json,
                    cancellation
                )
        );
    }

    private static async Task<int> RunAsync(
        ApplianceChoice choice,
        string replicaSet,
        string[] namespaces,
        bool cancel,
        bool json,
        CancellationToken cancellation
    )
    {
        if (cancel && namespaces.Length > 0)
        {
            throw CliErrors.Argument("--cancel gives up all copies.", "Leave --namespace out.");
        }

        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: true, cancellation);
        var set =
            cancel ? await appliance.Api.CancelCopiesAsync(replicaSet, cancellation)
            : namespaces.Length > 0
                ? await appliance.Api.CopyAsync(replicaSet, new CopyRequest(namespaces), cancellation)
            : await appliance.Api.ResyncAsync(replicaSet, cancellation);
        if (json)
        {
            Printer.Json(set);
            return ExitCodes.Ok;
        }

        Console.Out.WriteLine(
            cancel ? $"No copy of {set.Name} is under way any more; what was there before stays."
            : namespaces.Length > 0
                ? $"{string.Join(", ", namespaces)} of {set.Name} is copied afresh; until that is whole, backups hold what was followed. 'backup status' shows how far it is."
            : $"{set.Name} is copied afresh; 'backup status' shows how far it is. Snapshots stay."
        );
        return ExitCodes.Ok;
    }
}

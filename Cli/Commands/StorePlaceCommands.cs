using System.CommandLine;
using Backup.Cli.Appliance;
using Backup.Cli.Output;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup store list</c> and <c>backup store move</c>: which of several stores a group is in.</summary>
internal static class StorePlaceCommands
{
    internal static Command List() =>
        SharedOptions.Command(
            "list",
            "Show the block stores, and which one each group is in",
            static (choice, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    async appliance =>
                        (await appliance.Api.StoresAsync(cancellation))
                            .Select(static one => new GroupStores(one.Group.Name, one.Stores))
                            .ToList(),
                    Print,
                    cancellation
                )
        );

    internal static Command Move()
    {
        var group = new Option<string>("--group")
        {
            Description = "The group: its name or its id",
            HelpName = "GROUP",
            Required = true,
        };
        var to = new Option<string>("--to")
        {
            Description = "The store, by the name that the configuration gives it",
            HelpName = "STORE",
            Required = true,
        };
        return SharedOptions.Command(
            "move",
            "Put what comes of a group into another store, and bring there what it has; snapshots and restores go on meanwhile",
            [group, to],
            (parsed, choice, json, cancellation) =>
                MoveAsync(choice, parsed.GetRequiredValue(group), parsed.GetRequiredValue(to), json, cancellation)
        );
    }

    private static async Task<int> MoveAsync(
        ApplianceChoice choice,
        string group,
        string store,
        bool json,
        CancellationToken cancellation
    )
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: false, cancellation);
        var started = await appliance.Api.MoveGroupAsync(group, store, cancellation);
        var result = (await JobWaiter.WaitAsync(appliance.Api, started, cancellation)).Result!.Value;
        if (json)
        {
            Printer.Json(result);
        }
        else
        {
            Console.Out.WriteLine(
                $"All of it is in '{result.GetProperty("store").GetString()}': {result.GetProperty("blocks").GetInt64()} blocks, {Printer.Bytes(result.GetProperty("copiedBytes").GetInt64())} of their contents copied. The next groom gives back what it had elsewhere (backup store groom)."
            );
        }

        return ExitCodes.Ok;
    }

    private static void Print(IReadOnlyList<GroupStores> groups)
    {
        foreach (var store in groups.SelectMany(static one => one.Stores.Stores).DistinctBy(static one => one.Name))
        {
            Console.Out.WriteLine($"{store.Name}: {store.Blocks} blocks, {Printer.Bytes(store.StoredBytes)}");
        }

        foreach (var (group, stores) in groups)
        {
            Console.Out.WriteLine(
                $"group {group}: in {stores.Store}{(stores.IsAssigned ? "" : " (the first; it was assigned to none)")}{(stores.MovesFrom.Count > 0 ? $", a part still in {string.Join(", ", stores.MovesFrom)}{ProgressOf(stores.Move)}" : "")}"
            );
        }
    }

    private static string ProgressOf(JobView? move) =>
        move is { State: "running" } ? $" ({move.Phase}, {move.Progress:P0})"
        : move is { State: "queued" } ? " (the move is queued)"
        : " (move it again: backup store move)";

    /// <summary>As it is printed.</summary>
    /// <param name="Group">Its name.</param>
    /// <param name="Stores">Where it is.</param>
    private sealed record GroupStores(string Group, StoresView Stores);
}

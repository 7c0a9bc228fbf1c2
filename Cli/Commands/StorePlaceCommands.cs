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
        var group = new Option<string?>("--group")
        {
            Description = "The group: its name or its id",
            HelpName = "GROUP",
        };
        var tag = new Option<string?>("--tag")
        {
            Description = "Instead of one group: all that have this tag",
            HelpName = "TAG",
        };
        var to = new Option<string>("--to")
        {
            Description = "The store, by the name that the configuration gives it",
            HelpName = "STORE",
            Required = true,
        };
        var dryRun = new Option<bool>("--dry-run") { Description = "Show which groups would be moved, and move none" };
        return SharedOptions.Command(
            "move",
            "Put what comes of a group, or of all with a tag, into another store, and bring there what it has; snapshots and restores go on meanwhile",
            [group, tag, to, dryRun],
            async (parsed, choice, json, cancellation) =>
            {
                var store = parsed.GetRequiredValue(to);
                await using var appliance = await ApplianceConnection.OpenAsync(
                    choice,
                    needsRunning: false,
                    cancellation
                );
                var moves = new StoreMoves(appliance.Api, store, json);
                return (parsed.GetValue(group), parsed.GetValue(tag), parsed.GetValue(dryRun)) switch
                {
                    ({ } one, null, false) => await moves.MoveAsync(one, cancellation),
                    ({ } one, null, true) => await moves.ShowAsync(
                        view => view.Group.Name == one || view.Group.Id == one,
                        $"There is no group '{one}'.",
                        cancellation
                    ),
                    (null, { } word, var isDry) => isDry
                        ? await moves.ShowAsync(HasTag(word), NobodyHas(word), cancellation)
                        : await moves.MoveAllAsync(HasTag(word), NobodyHas(word), cancellation),
                    _ => throw CliErrors.Argument(
                        "'backup store move' moves one group, or those with a tag.",
                        "Give either --group GROUP or --tag TAG."
                    ),
                };
            }
        );
    }

    private static Func<(GroupView Group, StoresView Stores), bool> HasTag(string tag) =>
        one => one.Stores.Tags.Contains(tag, StringComparer.Ordinal);

    private static string NobodyHas(string tag) => $"No group has the tag '{tag}'.";

    private static void Print(IReadOnlyList<GroupStores> groups)
    {
        foreach (var store in groups.SelectMany(static one => one.Stores.Stores).DistinctBy(static one => one.Name))
        {
            Console.Out.WriteLine(
                $"{store.Name}: {store.Blocks} blocks, {Printer.Bytes(store.StoredBytes)}{TagsOf(store.Tags)}"
            );
        }

        foreach (var (group, stores) in groups)
        {
            Console.Out.WriteLine(
                $"group {group}: in {stores.Store}{(stores.IsAssigned ? "" : " (the first; it was assigned to none)")}{(stores.MovesFrom.Count > 0 ? $", a part still in {string.Join(", ", stores.MovesFrom)}{ProgressOf(stores.Move)}" : "")}{TagsOf(stores.Tags)}"
            );
            if (stores.Lacks.Count > 0)
            {
                Console.Out.WriteLine(StoreTagCommands.Warning(group, stores.Store, stores.Lacks));
            }
        }
    }

    private static string TagsOf(IReadOnlyList<string> tags) =>
        tags.Count > 0 ? $", tags {string.Join(", ", tags)}" : "";

    private static string ProgressOf(JobView? move) =>
        move is { State: "running" } ? $" ({move.Phase}, {move.Progress:P0})"
        : move is { State: "queued" } ? " (the move is queued)"
        : " (move it again: backup store move)";

    /// <summary>As it is printed.</summary>
    /// <param name="Group">Its name.</param>
    /// <param name="Stores">Where it is.</param>
    private sealed record GroupStores(string Group, StoresView Stores);
}

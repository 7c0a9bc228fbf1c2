using System.CommandLine;
using Backup.Cli.Api;
using Backup.Cli.Appliance;
using Backup.Cli.Output;

namespace Backup.Cli.Commands;

/// <summary><c>backup store tag</c>: what the store of a group must have.</summary>
internal static class StoreTagCommands
{
    internal static Command Tag()
    {
        var group = new Option<string>("--group")
        {
            Description = "The group: its name or its id",
            HelpName = "GROUP",
            Required = true,
        };
        var tags = new Option<string>("--tags")
        {
            Description = "Words with commas between them, in the place of those before; '' takes them away",
            HelpName = "TAGS",
            Required = true,
        };
        return SharedOptions.Command(
            "tag",
            "Say what the store of a group must have; where its store lacks something it is moved to one that has it",
            [group, tags],
            (parsed, choice, json, cancellation) =>
                TagAsync(
                    choice,
                    parsed.GetRequiredValue(group),
                    parsed
                        .GetRequiredValue(tags)
                        .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
                    json,
                    cancellation
                )
        );
    }

    /// <summary>That a store lacks what a group asks for.</summary>
    /// <param name="group">Its name.</param>
    /// <param name="store">The one that it is in.</param>
    /// <param name="lacks">Tags.</param>
    internal static string Warning(string group, string store, IReadOnlyList<string> lacks) =>
        $"warning: group {group} is in the store '{store}', which lacks tags of it: {string.Join(", ", lacks)}. Nothing moves by itself: move it (backup store move), set its tags anew (backup store tag), or change 'store_tags'.";

    private static async Task<int> TagAsync(
        ApplianceChoice choice,
        string group,
        IReadOnlyList<string> tags,
        bool json,
        CancellationToken cancellation
    )
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: false, cancellation);
        var (id, stores) = await appliance.Api.TagGroupAsync(group, tags, cancellation);
        if (stores is { MovesFrom.Count: > 0, Move: { State: "queued" or "running" } move })
        {
            _ = await JobWaiter.WaitAsync(appliance.Api, new StartedJob(id, move), cancellation);
            stores = (await appliance.Api.StoresAsync(cancellation)).First(one => one.Group.Id == id).Stores;
        }

        if (json)
        {
            Printer.Json(stores);
            return ExitCodes.Ok;
        }

        Console.Out.WriteLine(
            stores.Tags.Count > 0
                ? $"group {group}: tags {string.Join(", ", stores.Tags)}, in {stores.Store}"
                : $"group {group}: no tags, in {stores.Store}"
        );
        return ExitCodes.Ok;
    }
}

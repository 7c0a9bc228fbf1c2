using Backup.Blockstore;
using Backup.Cli.Api;
using Backup.Cli.Output;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary>Moves of groups into a store: each is a job of its own, and is waited for.</summary>
/// <param name="api">Of the appliance.</param>
/// <param name="store">Where to.</param>
/// <param name="json">What is told is JSON.</param>
internal sealed class StoreMoves(ApiClient api, string store, bool json)
{
    /// <param name="group">Name or id.</param>
    /// <param name="cancellation">Leaves the job running.</param>
    internal async Task<int> MoveAsync(string group, CancellationToken cancellation)
    {
        var started = await api.MoveGroupAsync(group, store, cancellation);
        var result = (await JobWaiter.WaitAsync(api, started, cancellation)).Result!.Value;
        if (json)
        {
            Printer.Json(result);
        }
        else
        {
            Console.Out.WriteLine(
                $"All of it is in '{result.GetProperty("store").GetString()}': {Told(result.GetProperty("blocks").GetInt64(), result.GetProperty("copiedBytes").GetInt64())}. The next groom gives back what it had elsewhere (backup store groom)."
            );
        }

        return ExitCodes.Ok;
    }

    /// <summary>Which groups would be moved.</summary>
    /// <exception cref="BackupException">As of <see cref="MoveAllAsync"/>; 6321 stands beside the group.</exception>
    internal async Task<int> ShowAsync(
        Func<(GroupView Group, StoresView Stores), bool> isChosen,
        string none,
        CancellationToken cancellation
    )
    {
        var plan = await PlanAsync(isChosen, none, cancellation);
        if (json)
        {
            Printer.Json(plan);
        }

        foreach (var one in json ? [] : plan)
        {
            var what =
                one.Lacks.Count > 0 ? $"is not moved: the store lacks {string.Join(", ", one.Lacks)}"
                : one.Moves ? $"moves from '{one.From}' to '{store}'"
                : "is there already";
            Console.Out.WriteLine($"group {one.Group}: {what}");
        }

        return ExitCodes.Ok;
    }

    /// <summary>All or none is assigned as far as the store's tags go: they are looked at before the first.</summary>
    /// <exception cref="BackupException">5070 there is no such store, 6321 it lacks a tag of a group, 9501 no group is chosen; that of the first move that failed, after all have ended.</exception>
    internal async Task<int> MoveAllAsync(
        Func<(GroupView Group, StoresView Stores), bool> isChosen,
        string none,
        CancellationToken cancellation
    )
    {
        var plan = await PlanAsync(isChosen, none, cancellation);
        if (plan.FirstOrDefault(static one => one.Lacks.Count > 0) is { } refused)
        {
            throw MetadataErrors.StoreLacks(refused.Group, store, refused.Lacks);
        }

        var started = new List<(PlannedMove Move, StartedJob Job)>();
        foreach (var one in plan.Where(static one => one.Moves))
        {
            started.Add((one, await api.MoveGroupAsync(one.Id, store, cancellation)));
        }

        var moved = new List<object>();
        BackupException? first = null;
        foreach (var (move, job) in started)
        {
            try
            {
                var result = (await JobWaiter.WaitAsync(api, job, cancellation)).Result!.Value;
                var (blocks, copied) = (
                    result.GetProperty("blocks").GetInt64(),
                    result.GetProperty("copiedBytes").GetInt64()
                );
                moved.Add(
                    new
                    {
                        move.Group,
                        move.Id,
                        Job = job.Job.Id,
                        Store = store,
                        Blocks = blocks,
                        CopiedBytes = copied,
                    }
                );
                Tell($"group {move.Group}: all of it is in '{store}': {Told(blocks, copied)}");
            }
            catch (BackupException failure)
            {
                Tell($"group {move.Group}: {failure.Code} {failure.Message}");
                first ??= failure;
            }
        }

        if (first is not null)
        {
            throw first;
        }

        if (json)
        {
            Printer.Json(moved);
        }

        Tell(
            started.Count > 0
                ? "The next groom gives back what they had elsewhere (backup store groom)."
                : "All of them are there already."
        );
        return ExitCodes.Ok;
    }

    private async Task<IReadOnlyList<PlannedMove>> PlanAsync(
        Func<(GroupView Group, StoresView Stores), bool> isChosen,
        string none,
        CancellationToken cancellation
    )
    {
        var chosen = (await api.StoresAsync(cancellation)).Where(isChosen).ToList();
        return chosen.Count > 0
            ? chosen.ConvertAll(PlanOf)
            : throw CliErrors.Argument(none, "'backup store list' shows the groups, their tags, and the stores.");
    }

    private PlannedMove PlanOf((GroupView Group, StoresView Stores) one)
    {
        var (group, stores) = one;
        var target =
            stores.Stores.FirstOrDefault(known => known.Name == store)
            ?? throw BlockstoreErrors.NoStore(store, [.. stores.Stores.Select(static known => known.Name)]);
        var isThere = stores.Store == store && stores.IsAssigned;
        return new PlannedMove(
            group.Name,
            group.Id,
            stores.Store,
            store,
            !isThere || stores.MovesFrom.Count > 0,
            // Who is there already goes on.
            isThere ? [] : [.. stores.Tags.Except(target.Tags, StringComparer.Ordinal)]
        );
    }

    private void Tell(string line)
    {
        if (!json)
        {
            Console.Out.WriteLine(line);
        }
    }

    private static string Told(long blocks, long copied) =>
        $"{blocks} blocks, {Printer.Bytes(copied)} of their contents copied";
}

/// <summary>A group that is to be moved.</summary>
/// <param name="Group">Its name.</param>
/// <param name="Id">Its id.</param>
/// <param name="From">The store that it is in.</param>
/// <param name="To">The store that it is to be in.</param>
/// <param name="Moves">False where all of it is there.</param>
/// <param name="Lacks">Its tags that the store has not: it is refused.</param>
internal sealed record PlannedMove(
    string Group,
    string Id,
    string From,
    string To,
    bool Moves,
    IReadOnlyList<string> Lacks
);

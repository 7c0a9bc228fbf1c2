using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Backup.Blockstore.Packs;
using Backup.Cli.Appliance;
using Backup.Cli.Configuration;
using Backup.Cli.Output;
using Backup.Cli.Stores;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup store</c>: the store of blocks, which all snapshots share.</summary>
internal static class StoreCommands
{
    internal static Command Create() =>
        new(
            "store",
            "The store of blocks that all snapshots share: status, groom, check, rebuild-index, list, move, tag, keys"
        )
        {
            Status(),
            Groom(),
            Check(),
            RebuildIndex(),
            StorePlaceCommands.List(),
            StorePlaceCommands.Move(),
            StoreTagCommands.Tag(),
            StoreKeysCommands.Create(),
        };

    private static Command Status() =>
        SharedOptions.Command(
            "status",
            "Show what is stored, what of it is needed, and what a groom can give back",
            (choice, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    appliance => appliance.Api.StorageAsync(cancellation),
                    Print,
                    cancellation
                )
        );

    private static Command Groom()
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Count what nobody needs, and change nothing" };
        return SharedOptions.Command(
            "groom",
            "Give back the room of blocks that no snapshot needs any more; snapshots and restores go on meanwhile",
            [dryRun],
            (parsed, choice, json, cancellation) =>
                GroomAsync(choice, new GroomRequest(parsed.GetValue(dryRun)), json, cancellation)
        );
    }

    private static async Task<int> GroomAsync(
        ApplianceChoice choice,
        GroomRequest request,
        bool json,
        CancellationToken cancellation
    )
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: false, cancellation);
        var started = await appliance.Api.RequestGroomAsync(request, cancellation);
        var job = await JobWaiter.WaitAsync(appliance.Api, started, cancellation);
        if (json)
        {
            Printer.Json(job.Result);
        }
        else
        {
            Print(job.Result!.Value, request.DryRun);
        }

        return ExitCodes.Ok;
    }

    private static Command Check()
    {
        var data = new Option<string>("--read-data")
        {
            Description =
                "How much of the packs is read and verified, another part each time; of the rest only the lists are",
            HelpName = "PERCENT",
            DefaultValueFactory = static _ => "100%",
        };
        return SharedOptions.Command(
            "check",
            "Look whether blocks are as they were written, and which snapshots are hit where they are not; ends with 1 then",
            [data],
            (parsed, choice, json, cancellation) =>
                CheckAsync(choice, new CheckRequest(PercentOf(parsed.GetRequiredValue(data))), json, cancellation)
        );
    }

    private static Command RebuildIndex() =>
        SharedOptions.Command(
            "rebuild-index",
            "Make the index of the packs anew, and look whether it and their lists fit; of an appliance that runs it is looked at and mended",
            static async (choice, json, cancellation) =>
            {
                var rebuilt = await RebuildAsync(choice, json, cancellation);
                // What is around the blocks, in every pack; and what is hit.
                return await CheckAsync(choice, new CheckRequest(0), json, cancellation, rebuilt);
            }
        );

    /// <returns>One for each store of packs; null where an appliance has them open, or where there is none.</returns>
    private static async Task<IReadOnlyDictionary<string, IndexRebuild>?> RebuildAsync(
        ApplianceChoice choice,
        bool json,
        CancellationToken cancellation
    )
    {
        var configuration = ApplianceConfiguration.Load(option: null);
        var root = choice.Remote() is null ? DataFolder.Resolve(choice.Data, configuration) : null;
        if (root is null || DataFolder.IsHeld(root))
        {
            return null;
        }

        if (!DataFolder.HoldsAppliance(root))
        {
            throw CliErrors.MissingDataFolder(root);
        }

        using var folder = await DataFolder.OpenAsync(root, cancellation);
        var all = new Dictionary<string, IndexRebuild>(StringComparer.Ordinal);
        foreach (var packs in StorePlaces.Read(configuration, folder).OfType<PackPlace>())
        {
            var rebuilt = await PackBlockStore.RebuildIndexAsync(packs.Blocks, Progress, cancellation);
            all.Add(packs.Name, rebuilt);
            if (!json)
            {
                Print(packs, rebuilt);
            }
        }

        return all.Count > 0 ? all : null;

        void Progress(int done, int all)
        {
            if (!json && all >= 100 && done % (all / 10) == 0)
            {
                Console.Error.WriteLine($"{done} of {all} packs");
            }
        }
    }

    private static void Print(PackPlace packs, IndexRebuild rebuilt)
    {
        var before = rebuilt.BlocksBefore is { } blocks ? $"it had {blocks}" : "there was none that could be used";
        Console.Out.WriteLine(
            $"The index of '{packs.Blocks}' finds {rebuilt.Blocks} blocks ({Printer.Bytes(rebuilt.StoredBytes)}) in {rebuilt.Packs} packs; {before}."
        );
        foreach (var one in rebuilt.Findings)
        {
            Console.Out.WriteLine($"Damaged: {one.Where} at {one.Offset}: {one.What}; its blocks were searched for");
        }
    }

    private static double PercentOf(string text) =>
        double.TryParse(
            text.TrimEnd('%'),
            NumberStyles.AllowDecimalPoint,
            CultureInfo.InvariantCulture,
            out var percent
        )
        && percent <= 100
            ? percent
            : throw CliErrors.Argument(
                $"--read-data cannot be '{text}'.",
                "Write a part from 0% to 100%, for example 5%."
            );

    private static async Task<int> CheckAsync(
        ApplianceChoice choice,
        CheckRequest request,
        bool json,
        CancellationToken cancellation,
        IReadOnlyDictionary<string, IndexRebuild>? rebuilt = null
    )
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: false, cancellation);
        var started = await appliance.Api.RequestCheckAsync(request, cancellation);
        var result = (await JobWaiter.WaitAsync(appliance.Api, started, cancellation)).Result!.Value;
        var isWhole = result.GetProperty("isWhole").GetBoolean();
        if (json)
        {
            // One store is the usual case: its index stands alone.
            Printer.Json<object>(
                rebuilt switch
                {
                    null => result,
                    { Count: 1 } => new { Index = rebuilt.Values.First(), Check = result },
                    _ => new { Indexes = rebuilt, Check = result },
                }
            );
        }
        else
        {
            PrintCheck(result, isWhole);
        }

        return isWhole ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static void PrintCheck(JsonElement result, bool isWhole)
    {
        Console.Out.WriteLine(
            $"{result.GetProperty("blocks")} blocks are listed, {Printer.Bytes(result.GetProperty("readBytes").GetInt64())} of them read and verified: {(isWhole ? "nothing is wrong" : $"damages: {result.GetProperty("findings")}, blocks missing: {result.GetProperty("missingBlocks")}")}"
        );
        PrintFindings(result.GetProperty("first"));
        foreach (var name in result.GetProperty("hit").EnumerateArray())
        {
            Console.Out.WriteLine($"Hit: {name.GetString()}");
        }

        if (!isWhole)
        {
            Console.Out.WriteLine(
                "Look after the disk. What is damaged is written anew when a snapshot or a copy (backup resync --namespace) brings the same content again; snapshots that are hit can be verified and deleted."
            );
        }
    }

    private static void PrintFindings(JsonElement findings)
    {
        foreach (var one in findings.EnumerateArray())
        {
            Console.Out.WriteLine(
                $"Damaged: {one.GetProperty("pack").GetString()} at {one.GetProperty("offset").GetInt64()}: {one.GetProperty("what").GetString()}"
            );
        }
    }

    private static void Print(JsonElement result, bool dryRun)
    {
        string Bytes(string name) => Printer.Bytes(result.GetProperty(name).GetInt64());
        long Count(string name) => result.GetProperty(name).GetInt64();
        Console.Out.WriteLine($"Needed: {Bytes("liveBytes")} in {Count("liveBlocks")} blocks");
        Console.Out.WriteLine($"Needed by nobody: {Bytes("deadBytes")} in {Count("deadBlocks")} blocks");
        if (Count("heldBytes") > 0)
        {
            Console.Out.WriteLine($"Perhaps still in work: {Bytes("heldBytes")}");
        }

        Console.Out.WriteLine(
            dryRun
                ? $"A groom gives back about {Bytes("reclaimableBytes")}."
                : $"Given back: {Bytes("freedBytes")}; {Count("removedPacks")} packs removed, {Count("compactedPacks")} put together ({Bytes("copiedBytes")} copied)."
        );
        if (Count("missingBlocks") > 0)
        {
            Console.Out.WriteLine(
                $"{Count("missingBlocks")} blocks that are needed are not there: 'backup verify' tells which snapshots lack them."
            );
        }

        if (result.TryGetProperty("findings", out var findings))
        {
            PrintFindings(findings);
        }
    }

    private static void Print(StorageView view)
    {
        Console.Out.WriteLine($"Stored: {Printer.Bytes(view.StoredBytes)} in {view.Blocks} blocks");
        Console.Out.WriteLine($"As copies: {Printer.Bytes(view.SnapshotBytes)} ({view.Snapshots} snapshots)");
        if (view is { FreeBytes: { } free, DiskBytes: { } disk })
        {
            Console.Out.WriteLine($"Free on the disk: {Printer.Bytes(free)} of {Printer.Bytes(disk)}");
        }

        if (view.Space is not { } space)
        {
            Console.Out.WriteLine(
                "What of it is needed is not known before the first groom: 'backup store groom --dry-run' counts."
            );
            return;
        }

        if (space.CountedAt is { } at)
        {
            Console.Out.WriteLine($"As the groom of {at:u} counted:");
            Console.Out.WriteLine($"  needed: {Printer.Bytes(space.LiveBytes)}");
            Console.Out.WriteLine($"  needed by nobody: {Printer.Bytes(space.DeadBytes)}");
            Console.Out.WriteLine($"  perhaps still in work: {Printer.Bytes(space.HeldBytes)}");
            Console.Out.WriteLine($"  a groom gives back about: {Printer.Bytes(space.ReclaimableBytes)}");
            Console.Out.WriteLine($"  the last groom gave back: {Printer.Bytes(space.FreedBytes)}");
        }

        if (space.Findings > 0)
        {
            Console.Out.WriteLine($"  damages that it met: {space.Findings}");
        }

        Printer.Error($"The groom of {space.At:u} failed", space.Error);
    }
}

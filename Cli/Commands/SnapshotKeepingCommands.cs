using System.CommandLine;
using Backup.Cli.Appliance;
using Backup.Cli.Output;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary>
/// <c>backup snapshot pin|unpin ID</c>, <c>backup snapshot expire ID --in 30d|--at TIME|--by-policy</c>, <c>backup snapshot delete ID [--preview]
/// [--force]</c>: of a cluster's snapshot as a whole.
/// </summary>
internal static class SnapshotKeepingCommands
{
    internal static IEnumerable<Command> Create() =>
        [
            Change("pin", "Keep a snapshot until it is unpinned", new SnapshotChange(Pinned: true)),
            Change(
                "unpin",
                "Leave a pinned snapshot to the policy, or to its own end, again",
                new SnapshotChange(false)
            ),
            Expire(),
            Delete(),
        ];

    private static Command Change(string name, string description, SnapshotChange change) =>
        SharedOptions.Command(
            name,
            description,
            Id(),
            (choice, id, json, cancellation) => ChangeAsync(choice, id, change, json, cancellation)
        );

    private static Command Expire()
    {
        var length = new Option<string?>("--in")
        {
            Description = "Keep it for so long from now, whatever the policy says",
            HelpName = "LENGTH",
        };
        var at = new Option<string?>("--at")
        {
            Description = "Keep it until then, whatever the policy says, for example 2027-01-01T00:00:00Z",
            HelpName = "TIME",
        };
        var byPolicy = new Option<bool>("--by-policy") { Description = "Leave it to the policy again" };
        return SharedOptions.Command(
            "expire",
            "Give a snapshot an end of its own: kept until then, gone after it",
            Id(),
            [length, at, byPolicy],
            (parsed, choice, id, json, cancellation) =>
            {
                var (forSoLong, until, policy) = (
                    parsed.GetValue(length),
                    parsed.GetValue(at),
                    parsed.GetValue(byPolicy)
                );
                if ((forSoLong is null ? 0 : 1) + (until is null ? 0 : 1) + (policy ? 1 : 0) != 1)
                {
                    throw CliErrors.Argument(
                        "When its time is to be over is not said, or in more than one way.",
                        "Give one of --in LENGTH, --at TIME, --by-policy."
                    );
                }

                var end =
                    forSoLong is not null ? TimeProvider.System.GetUtcNow() + DurationText.Parse("--in", forSoLong)
                    : until is not null ? InstantText.Parse("--at", until)
                    : (DateTimeOffset?)null;
                return ChangeAsync(
                    choice,
                    id,
                    new SnapshotChange(ExpiresAt: end) { ByPolicy = policy },
                    json,
                    cancellation
                );
            }
        );
    }

    private static Command Delete()
    {
        var preview = new Option<bool>("--preview") { Description = "Say what would go with it, and delete nothing" };
        var force = new Option<bool>("--force") { Description = "Also where it is the only snapshot" };
        return SharedOptions.Command(
            "delete",
            "Delete a snapshot, and say what went with it",
            Id(),
            [preview, force],
            async (parsed, choice, id, json, cancellation) =>
            {
                await using var appliance = await ApplianceConnection.OpenAsync(
                    choice,
                    needsRunning: false,
                    cancellation
                );
                var isAsked = parsed.GetValue(preview);
                var deletion = isAsked
                    ? await appliance.Api.PreviewDeletionAsync(id, cancellation)
                    : await appliance.Api.DeleteSnapshotAsync(id, parsed.GetValue(force), cancellation);
                if (json)
                {
                    Printer.Json(deletion);
                }
                else
                {
                    Print(deletion, isAsked);
                }

                return ExitCodes.Ok;
            }
        );
    }

    private static async Task<int> ChangeAsync(
        ApplianceChoice choice,
        string id,
        SnapshotChange change,
        bool json,
        CancellationToken cancellation
    )
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: false, cancellation);
        var keeping = await appliance.Api.ChangeSnapshotAsync(id, change, cancellation);
        if (json)
        {
            Printer.Json(keeping);
        }
        else
        {
            Console.Out.WriteLine(
                $"{What(keeping.IsCluster)} {keeping.Id} of {keeping.ReplicaSet}: kept {KeepingText.Until(keeping.ExpiresAt, keeping.Kept)} ({KeepingText.Why(keeping.Kept)})"
            );
        }

        return ExitCodes.Ok;
    }

    private static void Print(DeletionView deletion, bool isAsked)
    {
        var (will, free) = isAsked ? ("would be deleted", "would become") : ("is deleted", "become");
        Console.Out.WriteLine(
            $"{What(deletion.IsCluster)} {deletion.Id} of {deletion.ReplicaSet}, taken at {deletion.CreatedAt:u}, {will}"
        );
        Console.Out.WriteLine(
            deletion.FreeBytes is { } bytes
                ? $"  at most {Printer.Bytes(bytes)} {free} free in the store"
                : "  how much of the store is its own cannot be told: its list of contents cannot be read"
        );
        KeepingText.PrintLost(deletion.LostMoments);
        if (deletion.IsLast && isAsked)
        {
            Console.Out.WriteLine("  it is the only one: it goes with --force alone, and then nothing can be restored");
        }
    }

    private static string What(bool isCluster) => isCluster ? "cluster snapshot" : "snapshot";

    private static Argument<string> Id() =>
        new("ID") { Description = "The snapshot's id, of a cluster that of the whole: see backup snapshots" };
}

using System.CommandLine;
using Backup.Cli.Appliance;
using Backup.Cli.Control;
using Backup.Cli.Output;

namespace Backup.Cli.Commands;

/// <summary><c>backup policy RS [--interval 6h] [--reference TIME] [--keep 2d] [--window 24h]</c>: shows, and changes what is given.</summary>
internal static class PolicyCommand
{
    internal static Command Create()
    {
        var interval = Length("--interval", "From one snapshot to the next: 15m to 24h");
        var keep = Length("--keep", "How long a snapshot is kept: at least the interval");
        var window = Length("--window", "How far back every moment can be restored: 0 (none) to 90d");
        var reference = new Option<string?>("--reference")
        {
            Description =
                "Snapshots are due at this time and every interval from it, for example 2026-01-01T02:30:00+02:00",
            HelpName = "TIME",
        };
        return SharedOptions.Command(
            "policy",
            "Show or change when snapshots are taken and what is kept",
            SharedOptions.ReplicaSet(),
            [interval, reference, keep, window],
            (parsed, data, replicaSet, json, cancellation) =>
            {
                var change = new PolicyChange(
                    Seconds(parsed, interval),
                    parsed.GetValue(reference) is { } time ? InstantText.Parse("--reference", time) : null,
                    Seconds(parsed, keep),
                    Seconds(parsed, window)
                );
                return RunAsync(data, replicaSet, change, json, cancellation);
            }
        );
    }

    private static async Task<int> RunAsync(
        string? data,
        string replicaSet,
        PolicyChange change,
        bool json,
        CancellationToken cancellation
    )
    {
        await using var appliance = await ApplianceConnection.OpenAsync(data, needsRunning: false, cancellation);
        var before = await appliance.Client.PolicyAsync(replicaSet, cancellation);
        var policy = change.IsEmpty
            ? before
            : await appliance.Client.ChangePolicyAsync(replicaSet, change, cancellation);
        if (json)
        {
            Printer.Json(policy);
            return ExitCodes.Ok;
        }

        var (interval, keep, window) = (
            TimeSpan.FromSeconds(policy.IntervalSeconds),
            TimeSpan.FromSeconds(policy.KeepSeconds),
            TimeSpan.FromSeconds(policy.WindowSeconds)
        );
        Console.Out.WriteLine($"replica set {policy.ReplicaSet}");
        Console.Out.WriteLine(
            $"  a snapshot every {DurationText.Of(interval)}, the next one is due at {policy.NextDue:u}"
        );
        Console.Out.WriteLine($"  each is kept for {DurationText.Of(keep)}; the newest always");
        Console.Out.WriteLine(
            window == TimeSpan.Zero
                ? "  no moments between snapshots are kept"
                : $"  every moment of the last {DurationText.Of(window)} can be restored ('backup ranges {policy.ReplicaSet}')"
        );
        if (policy.WindowSeconds < before.WindowSeconds)
        {
            Console.Out.WriteLine("  what is older than the new window is given up from now on");
        }

        return ExitCodes.Ok;
    }

    private static Option<string?> Length(string name, string description) =>
        new(name) { Description = description, HelpName = "LENGTH" };

    private static long? Seconds(ParseResult parsed, Option<string?> option) =>
        parsed.GetValue(option) is { } text ? (long)DurationText.Parse(option.Name, text).TotalSeconds : null;
}

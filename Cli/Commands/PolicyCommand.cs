using System.CommandLine;
using Backup.Cli.Appliance;
using Backup.Cli.Output;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary>
/// <c>backup policy NAME [--every 6h] [--at 02:00] [--zone Europe/Berlin] [--keep 2d] [--daily 7d] [--weekly 31d] [--monthly 366d] [--week-ends sunday]
/// [--window 24h]</c>, of a cluster also <c>[--checkpoints 30m] [--balancer refuse]</c>: shows, and changes what is given; with <c>--preview</c> says what
/// that would do.
/// </summary>
internal static class PolicyCommand
{
    internal static Command Create()
    {
        var interval = Length(
            "--every",
            "From one snapshot to the next: 15m to 24h, a length that divides a day",
            "--interval"
        );
        var at = Text(
            "--at",
            "Snapshots are due at this time of day, and every interval from it, for example 02:00",
            "HH:MM"
        );
        var zone = Text(
            "--zone",
            "The time zone by its IANA name, for example Europe/Berlin: its clocks say when snapshots are due, its days which is a day's last",
            "ZONE"
        );
        var keep = Length("--keep", "How long every snapshot is kept: at least the interval; 0: not for being one");
        var daily = Length("--daily", "How long the last one of each day is kept; 0: not for being that");
        var weekly = Length("--weekly", "How long the last one of each week is kept; 0: not for being that");
        var monthly = Length(
            "--monthly",
            "How long the last one of each month is kept, up to 7y; 0: not for being that"
        );
        var weekEnds = Text("--week-ends", "The last day of a week: sunday unless set", "DAY");
        var verify = Length(
            "--verify",
            "How often the newest snapshot is read back and proven, 1d to 366d; 0: only on request"
        );
        var window = Length("--window", "How far back every moment can be restored: 0 (none) to 90d");
        var reference = Text(
            "--reference",
            "In the place of --at: snapshots are due at the time of day of this moment, for example 2026-01-01T02:30:00+02:00",
            "TIME"
        );
        var checkpoints = Length(
            "--checkpoints",
            "Of a cluster: from one moment with the balancer at rest to the next, 15m, 30m or 1h; off: none between snapshots"
        );
        var balancer = Text(
            "--balancer",
            "Of a cluster: flag a snapshot whose balancer cannot be stopped, or refuse to take it",
            "flag|refuse"
        );
        var preview = new Option<bool>("--preview")
        {
            Description =
                "Change nothing: say when the next ones would be due, which would be removed, and which moments would be lost",
        };
        return SharedOptions.Command(
            "policy",
            "Show or change when snapshots are taken and what is kept",
            SharedOptions.ReplicaSetOrCluster(),
            [
                interval,
                at,
                zone,
                keep,
                daily,
                weekly,
                monthly,
                weekEnds,
                verify,
                window,
                reference,
                checkpoints,
                balancer,
                preview,
            ],
            (parsed, choice, replicaSet, json, cancellation) =>
            {
                var change = new PolicyChange(
                    Seconds(parsed, interval),
                    parsed.GetValue(reference) is { } time ? InstantText.Parse("--reference", time) : null,
                    Seconds(parsed, keep),
                    Seconds(parsed, window)
                )
                {
                    At = parsed.GetValue(at),
                    Zone = parsed.GetValue(zone),
                    DailySeconds = Seconds(parsed, daily),
                    WeeklySeconds = Seconds(parsed, weekly),
                    MonthlySeconds = Seconds(parsed, monthly),
                    WeekEnds = parsed.GetValue(weekEnds),
                    VerifySeconds = Seconds(parsed, verify),
                    CheckpointSeconds = parsed.GetValue(checkpoints) == "off" ? 0 : Seconds(parsed, checkpoints),
                    Balancer = parsed.GetValue(balancer),
                };
                return parsed.GetValue(preview)
                    ? PreviewAsync(choice, replicaSet, change, json, cancellation)
                    : RunAsync(choice, replicaSet, change, json, cancellation);
            }
        );
    }

    private static async Task<int> RunAsync(
        ApplianceChoice choice,
        string replicaSet,
        PolicyChange change,
        bool json,
        CancellationToken cancellation
    )
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: false, cancellation);
        var before = await appliance.Api.PolicyAsync(replicaSet, cancellation);
        var policy = change.IsEmpty ? before : await appliance.Api.ChangePolicyAsync(replicaSet, change, cancellation);
        if (json)
        {
            Printer.Json(policy);
            return ExitCodes.Ok;
        }

        PolicyText.Print(policy);
        if (policy.WindowSeconds < before.WindowSeconds)
        {
            Console.Out.WriteLine("  what is older than the new window is given up from now on");
        }

        return ExitCodes.Ok;
    }

    private static async Task<int> PreviewAsync(
        ApplianceChoice choice,
        string replicaSet,
        PolicyChange change,
        bool json,
        CancellationToken cancellation
    )
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: false, cancellation);
        var preview = await appliance.Api.PreviewPolicyAsync(replicaSet, change, cancellation);
        if (json)
        {
            Printer.Json(preview);
        }
        else
        {
            PolicyText.Print(preview);
        }

        return ExitCodes.Ok;
    }

    private static Option<string?> Length(string name, string description, params string[] aliases) =>
        new(name, aliases) { Description = description, HelpName = "LENGTH" };

    private static Option<string?> Text(string name, string description, string helpName) =>
        new(name) { Description = description, HelpName = helpName };

    private static long? Seconds(ParseResult parsed, Option<string?> option) =>
        parsed.GetValue(option) is { } text ? (long)DurationText.Parse(option.Name, text).TotalSeconds : null;
}

using System.CommandLine;
using Backup.Cli.Output;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup daemons</c>: who keeps which head, and who is to.</summary>
internal static class DaemonsCommand
{
    internal static Command Create() =>
        new("daemons", "The daemons that keep heads: list, heads, move, drain, resume, forget")
        {
            SharedOptions.Command(
                "list",
                "Show the daemons, how many heads each keeps, and whether it gives signs of life",
                static (choice, json, cancellation) =>
                    Question.AskAsync(
                        choice,
                        json,
                        appliance => appliance.Api.DaemonsAsync(cancellation),
                        static all => all.ForEach(Print),
                        cancellation
                    )
            ),
            SharedOptions.Command(
                "heads",
                "Show which daemon keeps the head of which replica set",
                static (choice, json, cancellation) =>
                    Question.AskAsync(
                        choice,
                        json,
                        appliance => appliance.Api.HeadsAsync(cancellation),
                        static all => all.ForEach(Print),
                        cancellation
                    )
            ),
            Move(),
            Drain(
                "drain",
                "Let a daemon give its heads to others and take none: before it is stopped for a while",
                true
            ),
            Drain("resume", "Let a daemon take heads again", false),
            Forget(),
        };

    private static Argument<string> Daemon() =>
        new("daemon") { Description = "As 'backup daemons list' names it", HelpName = "DAEMON" };

    private static Command Move()
    {
        var set = new Argument<string>("replica-set") { Description = "Whose head; its name or id", HelpName = "RS" };
        var to = new Option<string?>("--to")
        {
            Description = "The daemon that is to keep it from now on; without it, whichever likes",
            HelpName = "DAEMON",
        };
        return SharedOptions.Command(
            "move",
            "Say which daemon is to keep a head; whoever has it gives it back within seconds, and nothing is lost",
            set,
            [to],
            (parsed, choice, about, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    appliance => appliance.Api.MoveHeadAsync(about, parsed.GetValue(to), cancellation),
                    Print,
                    cancellation
                )
        );
    }

    private static Command Drain(string verb, string description, bool drains) =>
        SharedOptions.Command(
            verb,
            description,
            Daemon(),
            (choice, daemon, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    appliance => appliance.Api.DrainAsync(daemon, drains, cancellation),
                    Print,
                    cancellation
                )
        );

    private static Command Forget() =>
        SharedOptions.Command(
            "forget",
            "Forget a daemon that is gone for good",
            Daemon(),
            static (choice, daemon, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    async appliance =>
                    {
                        await appliance.Api.ForgetDaemonAsync(daemon, cancellation);
                        return new { Forgotten = daemon };
                    },
                    static done => Console.Out.WriteLine($"{done.Forgotten} is forgotten."),
                    cancellation
                )
        );

    /// <summary>One daemon, as other commands show it too.</summary>
    internal static void Print(DaemonView daemon)
    {
        var state =
            daemon.StoppedAt is { } at ? $"stopped at {at:u}"
            : !daemon.Running ? "not running"
            : daemon.Drains ? "running, gives its heads away"
            : "running";
        Console.Out.WriteLine(
            $"daemon {daemon.Name} on {daemon.Host}: {state}, {daemon.ReplicaSets} heads, {daemon.Jobs} jobs under way, weight {daemon.Weight}, {Printer.Bytes(daemon.FreeBytes)} free"
        );
        if (daemon.Trouble is { } trouble)
        {
            Console.Out.WriteLine($"  {trouble}");
        }
    }

    private static void Print(HeadPlaceView head)
    {
        var by = head.Daemon is { } daemon ? $"kept by {daemon} since {head.Since:u}" : "kept by nobody";
        var wish = head.Wish is { } wished ? $", to be kept by {wished}" : "";
        Console.Out.WriteLine($"{head.Deployment}/{head.ReplicaSet} ({head.Id}): {by}{wish}");
    }
}

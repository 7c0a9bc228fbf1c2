using System.CommandLine;
using Backup.Cli.Output;
using Backup.Foundation.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup hosts</c>: how the sources' servers were, and what happened to them.</summary>
internal static class HostsCommand
{
    internal static Command Create() =>
        new("hosts", "The servers of the sources: how they were, and what happened to them")
        {
            History(),
            Events(),
            HostLookCommands.Look(),
            HostLookCommands.Settings(),
            HostLookCommands.StepDown(),
        };

    private static Command History()
    {
        var range = new Option<string>("--range")
        {
            Description = "How far back: a minute each of 1h, 12h and 2d, 5 minutes of 2w, an hour of 1y",
            DefaultValueFactory = _ => "1h",
            HelpName = "1h|12h|2d|2w|1y",
        };
        range.AcceptOnlyFromAmong("1h", "12h", "2d", "2w", "1y");
        var points = new Option<int>("--points")
        {
            Description = "In so many lines at most, 2 to 3000",
            DefaultValueFactory = _ => 60,
            HelpName = "N",
        };
        return SharedOptions.Command(
            "history",
            "How they were",
            SharedOptions.ReplicaSet(),
            [range, points],
            (parsed, choice, replicaSet, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    appliance =>
                        appliance.Api.HistoryAsync(
                            replicaSet,
                            parsed.GetValue(range)!,
                            parsed.GetValue(points),
                            cancellation
                        ),
                    static spans =>
                    {
                        if (spans.Count == 0)
                        {
                            Console.Out.WriteLine("Nothing was heard of its servers in this time.");
                        }

                        spans.ForEach(Print);
                    },
                    cancellation
                )
        );
    }

    private static Command Events()
    {
        var days = new Option<int>("--days")
        {
            Description = "How far back, 1 to 366",
            DefaultValueFactory = _ => 366,
            HelpName = "N",
        };
        return SharedOptions.Command(
            "events",
            "What happened to them, newest first: elections, roles, members that were down, releases, restarts",
            SharedOptions.ReplicaSet(),
            [days],
            (parsed, choice, replicaSet, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    appliance => appliance.Api.HostEventsAsync(replicaSet, parsed.GetValue(days), cancellation),
                    static events =>
                    {
                        if (events.Count == 0)
                        {
                            Console.Out.WriteLine("Nothing happened to its members in this time.");
                        }

                        events.ForEach(static one => Console.Out.WriteLine($"{one.At:u}  {one.Text}"));
                    },
                    cancellation
                )
        );
    }

    private static void Print(MonitoringSpan span)
    {
        Console.Out.WriteLine($"{span.From:u}  {span.Seconds / 60} min");
        foreach (var host in span.Hosts)
        {
            var operations = host.Operations.Values.Sum(static one => one.Average);
            var memory = host.ResidentBytes is { } resident
                ? $", {Printer.Bytes((long)resident.Average)} resident"
                : "";
            var queue = host.Queued is { Most: > 0 } queued ? $", up to {queued.Most:0} wait" : "";
            Console.Out.WriteLine(
                $"  {host.Host}: {operations:0.#} operations/s, {host.Connections?.Average ?? 0:0} connections{memory}{queue}{(host.Restarts > 0 ? ", started anew" : "")}"
            );
        }

        foreach (var member in span.Members.Where(static one => one.LagSeconds is { Most: > 0 } || one.Unreached > 0))
        {
            var lag = member.LagSeconds is { } behind ? $", up to {behind.Most:0} s behind" : "";
            Console.Out.WriteLine(
                $"  {member.Name}: {member.State}{lag}{(member.Unreached > 0 ? $", not reached in {member.Unreached} of {span.Samples} samples" : "")}"
            );
        }
    }
}

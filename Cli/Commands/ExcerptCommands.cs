using System.CommandLine;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup alerts excerpt</c> and <c>backup alerts excerpts</c>: what a source's servers told when an alert opened, and for which alerts they are asked.</summary>
internal static class ExcerptCommands
{
    internal static Command Show(Argument<string> alert) =>
        SharedOptions.Command(
            "excerpt",
            "Show what the source's servers told when an alert opened: ends of their logs, and slow operations",
            alert,
            (choice, id, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    appliance => appliance.Api.ExcerptAsync(id, cancellation),
                    Print,
                    cancellation
                )
        );

    internal static Command Create() =>
        new(
            "excerpts",
            "For which alerts logs and slow operations of a source's servers are collected: list, set, remove"
        )
        {
            SharedOptions.Command(
                "list",
                "List the rules",
                (choice, json, cancellation) =>
                    Question.AskAsync(
                        choice,
                        json,
                        appliance => appliance.Api.ExcerptRulesAsync(cancellation),
                        static all =>
                        {
                            if (all.Count == 0)
                            {
                                Console.Out.WriteLine("Nothing is collected: 'backup alerts excerpts set' begins.");
                            }

                            all.ForEach(Print);
                        },
                        cancellation
                    )
            ),
            Set(),
            Remove(),
        };

    private static Command Set()
    {
        var deployment = AlertsCommand.Deployment("For that deployment alone: its rule counts instead of the group's");
        var conditions = new Option<string[]>("--condition")
        {
            Description =
                "When such an alert opens, as 'backup alerts conditions' lists them; again for more. Members that are down, elections, lag, slow operations without it",
            HelpName = "NAME",
        };
        var lines = new Option<int?>("--lines")
        {
            Description = "Of each server's log, the newest so many: 0 to 500; 200 without it",
            HelpName = "N",
        };
        var severity = new Option<string?>("--severity")
        {
            Description = "Only lines of that severity and worse: F, E, W or I",
            HelpName = "LETTER",
        };
        var slow = new Option<long?>("--slow")
        {
            Description = "Also operations that run, or ran, at least so many milliseconds",
            HelpName = "MS",
        };
        var off = new Option<bool>("--off") { Description = "Collect nothing" };
        return SharedOptions.Command(
            "set",
            "Collect the logs and slow operations of a source's servers when such alerts open",
            [deployment, conditions, lines, severity, slow, off],
            (parsed, choice, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    async appliance =>
                    {
                        await appliance.Api.SetExcerptRuleAsync(
                            new ExcerptRuleRequest(
                                parsed.GetValue(deployment),
                                !parsed.GetValue(off),
                                parsed.GetValue(conditions),
                                parsed.GetValue(lines),
                                parsed.GetValue(severity),
                                parsed.GetValue(slow)
                            ),
                            cancellation
                        );
                        return await appliance.Api.ExcerptRulesAsync(cancellation);
                    },
                    static all => all.ForEach(Print),
                    cancellation
                )
        );
    }

    private static Command Remove()
    {
        var deployment = AlertsCommand.Deployment("The rule of that deployment: the group's counts for it then");
        return SharedOptions.Command(
            "remove",
            "Remove the rule of the group, or of one deployment",
            [deployment],
            (parsed, choice, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    async appliance =>
                    {
                        await appliance.Api.RemoveExcerptRuleAsync(parsed.GetValue(deployment), cancellation);
                        return await appliance.Api.ExcerptRulesAsync(cancellation);
                    },
                    static _ => Console.Out.WriteLine("It is removed."),
                    cancellation
                )
        );
    }

    private static void Print(AlertExcerptView excerpt)
    {
        Console.Out.WriteLine($"Collected {excerpt.At:u}; of queries the shape alone.");
        if (excerpt.Error is { } error)
        {
            Console.Out.WriteLine($"    {error.Code} {error.Message}");
            Console.Out.WriteLine($"    {error.Hint}");
        }

        foreach (var host in excerpt.Hosts)
        {
            HostLookCommands.Print(host);
        }
    }

    private static void Print(ExcerptRuleView rule)
    {
        var of = rule.Deployment is { } one ? $"deployment {one}" : "all";
        var severity = rule.Severity is { } letter ? $" of severity {letter} and worse" : "";
        var slow = rule.SlowMilliseconds is { } from ? $", operations from {from} ms" : "";
        Console.Out.WriteLine(
            rule.IsOn
                ? $"{of}  {rule.Lines} lines{severity}{slow}  when {string.Join(", ", rule.Conditions)}"
                : $"{of}  nothing"
        );
    }
}

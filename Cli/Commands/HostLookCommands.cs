using System.CommandLine;
using Backup.Foundation.Contracts;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup hosts look|settings|step-down</c>: what is asked of the sources' servers through their agents.</summary>
internal static class HostLookCommands
{
    internal static Command Look()
    {
        var host = new Option<string?>("--host")
        {
            Description = "Of that one alone; each that answers without it",
            HelpName = "HOST:PORT",
        };
        var lines = new Option<int>("--lines")
        {
            Description = "Of the log of each, the newest so many, 0 to 500",
            DefaultValueFactory = _ => 50,
            HelpName = "N",
        };
        var severity = new Option<string?>("--severity")
        {
            Description = "Only lines of that severity and worse",
            HelpName = "F|E|W|I",
        };
        severity.AcceptOnlyFromAmong("F", "E", "W", "I");
        var slow = new Option<long?>("--slow")
        {
            Description =
                "Also operations that run for so many milliseconds, and those in system.profile where a profiler is on",
            HelpName = "MS",
        };
        var values = new Option<bool>("--values")
        {
            Description = "With the values of queries, where the settings allow it; their shape alone without it",
        };
        return SharedOptions.Command(
            "look",
            "The ends of their logs, and slow operations, as they are now",
            SharedOptions.ReplicaSet(),
            [host, lines, severity, slow, values],
            (parsed, choice, replicaSet, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    appliance =>
                        appliance.Api.LookAtHostsAsync(
                            replicaSet,
                            new HostLookRequest(
                                parsed.GetValue(host),
                                parsed.GetValue(lines),
                                parsed.GetValue(severity),
                                parsed.GetValue(slow),
                                parsed.GetValue(values)
                            ),
                            cancellation
                        ),
                    static found =>
                    {
                        foreach (var one in found.Items)
                        {
                            Print(one);
                        }
                    },
                    cancellation
                )
        );
    }

    internal static Command Settings()
    {
        var stepDown = Switch("--step-down", "Whether the primary may be told to step down");
        var values = Switch("--values", "Whether values of queries may be shown, not their shape alone");
        return SharedOptions.Command(
            "settings",
            "What may be asked of them: show, or set",
            SharedOptions.ReplicaSet(),
            [stepDown, values],
            (parsed, choice, replicaSet, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    appliance =>
                    {
                        var request = new HostSettingsRequest(
                            IsOn(parsed.GetValue(stepDown)),
                            IsOn(parsed.GetValue(values))
                        );
                        return request == new HostSettingsRequest(null, null)
                            ? appliance.Api.HostSettingsAsync(replicaSet, cancellation)
                            : appliance.Api.SetHostSettingsAsync(replicaSet, request, cancellation);
                    },
                    static found =>
                    {
                        Console.Out.WriteLine(
                            $"the primary may {(found.AllowsStepDown ? "" : "not ")}be told to step down"
                        );
                        Console.Out.WriteLine(
                            $"values of queries are {(found.ShowsValues ? "shown where they are asked for" : "not shown")}"
                        );
                    },
                    cancellation
                )
        );
    }

    internal static Command StepDown()
    {
        var seconds = new Option<int?>("--seconds")
        {
            Description = "It is not elected again for so long, 10 to 3600; 60 unless given",
            HelpName = "N",
        };
        var confirm = new Option<string?>("--confirm")
        {
            Description = "The deployment's name again, to say that it is meant; asked for without it",
            HelpName = "NAME",
        };
        return SharedOptions.Command(
            "step-down",
            "Tell the primary to step down, where that is allowed and another member can take over at once",
            SharedOptions.ReplicaSet(),
            [seconds, confirm],
            (parsed, choice, replicaSet, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    appliance =>
                        appliance.Api.StepDownAsync(
                            replicaSet,
                            new StepDownRequest(parsed.GetValue(seconds), parsed.GetValue(confirm) ?? Ask()),
                            cancellation
                        ),
                    static done =>
                        Console.Out.WriteLine(
                            done.Primary is { } primary
                                ? $"{done.Before} stepped down; {primary} is the primary."
                                : $"{done.Before} stepped down; nobody is the primary yet. Look: backup hosts events"
                        ),
                    cancellation
                )
        );
    }

    private static string? Ask()
    {
        Console.Error.Write("Clients lose their primary for some seconds. The deployment's name, if it is meant: ");
        return Console.In.ReadLine()?.Trim();
    }

    private static Option<string?> Switch(string name, string description)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = "on|off" };
        option.AcceptOnlyFromAmong("on", "off");
        return option;
    }

    private static bool? IsOn(string? word) => word is null ? null : word == "on";

    /// <summary>What clients of the source wrote into its log moves no cursor here.</summary>
    private static string Plain(string line) =>
        string.Create(
            line.Length,
            line,
            static (plain, text) =>
            {
                for (var at = 0; at < plain.Length; at++)
                {
                    plain[at] = char.IsControl(text[at]) ? ' ' : text[at];
                }
            }
        );

    internal static void Print(HostExcerpt one)
    {
        Console.Out.WriteLine(one.Host);
        if (one.Trouble is { } trouble)
        {
            Console.Out.WriteLine($"  {trouble}");
        }

        foreach (var operation in one.Operations)
        {
            Console.Out.WriteLine(
                Plain(
                    $"  {operation.Milliseconds} ms {operation.Source} {operation.Kind} {operation.Namespace} {operation.Plan} {operation.Command}"
                )
            );
        }

        foreach (var line in one.Lines)
        {
            Console.Out.WriteLine(Plain($"  {line}"));
        }

        if (one.IsCut)
        {
            Console.Out.WriteLine("  (there is more)");
        }
    }
}

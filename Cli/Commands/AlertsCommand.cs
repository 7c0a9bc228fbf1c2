using System.CommandLine;
using System.Globalization;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup alerts</c>: what is wrong, from when on it is, and who is told.</summary>
internal static class AlertsCommand
{
    private static readonly Dictionary<string, string> Units = new(StringComparer.Ordinal)
    {
        ["percent"] = "%",
        ["days"] = " days",
        ["intervals"] = " intervals",
        ["times"] = " times",
    };

    internal static Command Create() =>
        new("alerts", "What is wrong: list, acknowledge, resolve; thresholds, maintenance, and who is told")
        {
            List(),
            Acknowledge(),
            Resolve(),
            Conditions(),
            Set(),
            MaintenanceCommands.Create(),
            ExcerptCommands.Show(Id()),
            ExcerptCommands.Create(),
            ChannelCommands.Create(),
            ChannelCommands.Test(),
            ChannelCommands.Deliveries(),
            MailCommands.Create(),
            RadarCommands.Create(),
        };

    internal static Option<string?> Deployment(string description) =>
        new("--deployment") { Description = description, HelpName = "NAME" };

    private static Argument<string> Id() =>
        new("ALERT") { Description = "Its number, as 'backup alerts list' shows it" };

    private static Option<string?> Comment() => new("--comment") { Description = "For the others", HelpName = "TEXT" };

    private static Command List()
    {
        var all = new Option<bool>("--all") { Description = "Also those that are over" };
        return SharedOptions.Command(
            "list",
            "List the alerts that are open, newest first",
            [all],
            (parsed, choice, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    appliance => appliance.Api.AlertsAsync(parsed.GetValue(all), cancellation),
                    static found =>
                    {
                        if (found.Count == 0)
                        {
                            Console.Out.WriteLine("Nothing is wrong.");
                        }

                        found.ForEach(Print);
                    },
                    cancellation
                )
        );
    }

    private static Command Acknowledge()
    {
        var comment = Comment();
        var time = new Option<string?>("--for")
        {
            Description = "Told again after so long (30m, 6h, 2d); not before it is over, or worse, without it",
            HelpName = "TIME",
        };
        return SharedOptions.Command(
            "acknowledge",
            "Say that you know: it is not told again, unless it gets worse",
            Id(),
            [comment, time],
            (parsed, choice, id, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    appliance =>
                        appliance.Api.AcknowledgeAsync(
                            id,
                            new AcknowledgementRequest(
                                parsed.GetValue(comment),
                                parsed.GetValue(time) is { } text
                                    ? TimeProvider.System.GetUtcNow() + DurationText.Parse("--for", text)
                                    : null
                            ),
                            cancellation
                        ),
                    Print,
                    cancellation
                )
        );
    }

    private static Command Resolve()
    {
        var comment = Comment();
        return SharedOptions.Command(
            "resolve",
            "Say that it is over; where it is still so, it stays closed until it was over once",
            Id(),
            [comment],
            (parsed, choice, id, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    appliance =>
                        appliance.Api.ResolveAsync(id, new ResolutionRequest(parsed.GetValue(comment)), cancellation),
                    Print,
                    cancellation
                )
        );
    }

    private static Command Conditions()
    {
        var deployment = Deployment("As they count for that deployment");
        return SharedOptions.Command(
            "conditions",
            "List what is looked at, with its thresholds",
            [deployment],
            (parsed, choice, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    appliance => appliance.Api.ConditionsAsync(parsed.GetValue(deployment), cancellation),
                    static all => all.ForEach(Print),
                    cancellation
                )
        );
    }

    private static Command Set()
    {
        var deployment = Deployment("For that deployment alone");
        var warning = Threshold("--warning", "From when on it matters");
        var critical = Threshold("--critical", "From when on it is critical");
        var off = new Option<bool>("--off") { Description = "Do not look at it" };
        return SharedOptions.Command(
            "set",
            "Set from when on a condition is an alert; what is not given is the default again",
            new Argument<string>("CONDITION") { Description = "Its name, as 'backup alerts conditions' shows it" },
            [deployment, warning, critical, off],
            (parsed, choice, condition, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    async appliance =>
                    {
                        var request = new RuleRequest(
                            !parsed.GetValue(off),
                            Value("--warning", parsed.GetValue(warning)),
                            Value("--critical", parsed.GetValue(critical)),
                            parsed.GetValue(deployment)
                        );
                        await appliance.Api.SetRuleAsync(condition, request, cancellation);
                        var all = await appliance.Api.ConditionsAsync(request.Deployment, cancellation);
                        return all.First(one => one.Name == condition);
                    },
                    Print,
                    cancellation
                )
        );
    }

    private static Option<string?> Threshold(string name, string description) =>
        new(name) { Description = $"{description}: a number, or a time (90s, 15m, 6h)", HelpName = "VALUE" };

    /// <summary>A time is meant in seconds.</summary>
    private static double? Value(string option, string? text) =>
        text is null ? null
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number
        : DurationText.Parse(option, text).TotalSeconds;

    private static void Print(AlertView alert)
    {
        var state = alert.ResolvedAt is { } over ? $"over since {over:u}" : alert.Severity;
        var known = alert.Acknowledged is { } who ? $", known to {who.By}" : "";
        Console.Out.WriteLine($"{alert.Id}  {state}{known}  {alert.Title}: {alert.Subject}, since {alert.Since:u}");
        Console.Out.WriteLine($"    {alert.Error.Code} {alert.Error.Message}");
        if (alert.ResolvedAt is not null)
        {
            return;
        }

        if (alert.HasExcerpt)
        {
            Console.Out.WriteLine($"    What its servers said: backup alerts excerpt {alert.Id}");
        }

        foreach (var line in new[] { alert.Consequence, alert.Error.Hint }.Where(static one => one.Length > 0))
        {
            Console.Out.WriteLine($"    {line}");
        }
    }

    private static void Print(ConditionView condition)
    {
        var level = condition switch
        {
            { IsOn: false } => "off",
            { Unit: "none" } => condition.Severity ?? "critical",
            { Warning: null, Critical: null } => "no threshold",
            _ => string.Join(
                ", ",
                new[] { ("warning", condition.Warning), ("critical", condition.Critical) }
                    .Where(static one => one.Item2 is not null)
                    .Select(one =>
                        $"{one.Item1} {(condition.LessIsWorse ? "below" : "above")} {Text(condition.Unit, one.Item2!.Value)}"
                    )
            ),
        };
        var from = condition.From == "default" ? "" : $" ({condition.From})";
        Console.Out.WriteLine($"{condition.Name}  {level}{from}  {condition.Title}");
    }

    private static string Text(string unit, double value) =>
        unit == "seconds"
            ? DurationText.Of(TimeSpan.FromSeconds(Math.Round(value)))
            : value.ToString("0.##", CultureInfo.InvariantCulture) + Units.GetValueOrDefault(unit, "");
}

using System.CommandLine;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup alerts maintenance</c>: times in which nobody is told.</summary>
internal static class MaintenanceCommands
{
    internal static Command Create() =>
        new("maintenance", "Times in which nobody is told: list, add, remove")
        {
            SharedOptions.Command(
                "list",
                "List those that are not over",
                (choice, json, cancellation) =>
                    Question.AskAsync(
                        choice,
                        json,
                        appliance => appliance.Api.WindowsAsync(cancellation),
                        static all => all.ForEach(Print),
                        cancellation
                    )
            ),
            Add(),
            SharedOptions.Command(
                "remove",
                "Tell again from now on",
                new Argument<string>("WINDOW") { Description = "Its id, as 'backup alerts maintenance list' shows it" },
                (choice, window, json, cancellation) =>
                    Question.AskAsync(
                        choice,
                        json,
                        async appliance =>
                        {
                            await appliance.Api.RemoveWindowAsync(window, cancellation);
                            return await appliance.Api.WindowsAsync(cancellation);
                        },
                        static _ => Console.Out.WriteLine("It is removed."),
                        cancellation
                    )
            ),
        };

    private static Command Add()
    {
        var from = new Option<string?>("--from")
        {
            Description = "When it begins, for example 2026-11-23T22:00:00Z; now without it",
            HelpName = "TIME",
        };
        var time = new Option<string>("--for")
        {
            Description = "How long it lasts, up to 31 days: 30m, 6h, 2d",
            HelpName = "TIME",
            Required = true,
        };
        var deployment = AlertsCommand.Deployment("Of that deployment alone");
        var text = new Option<string?>("--text") { Description = "Why, for the others", HelpName = "TEXT" };
        return SharedOptions.Command(
            "add",
            "Tell nobody for a time; what is open at its end is told then",
            [from, time, deployment, text],
            (parsed, choice, json, cancellation) =>
            {
                var begin = parsed.GetValue(from) is { } given
                    ? InstantText.Parse("--from", given)
                    : TimeProvider.System.GetUtcNow();
                var end = begin + DurationText.Parse("--for", parsed.GetRequiredValue(time));
                return Question.AskAsync(
                    choice,
                    json,
                    appliance =>
                        appliance.Api.AddWindowAsync(
                            new WindowRequest(begin, end, parsed.GetValue(text), parsed.GetValue(deployment)),
                            cancellation
                        ),
                    Print,
                    cancellation
                );
            }
        );
    }

    private static void Print(WindowView window) =>
        Console.Out.WriteLine(
            $"{window.Id}  {window.From:u} to {window.To:u}  {(window.Deployment is { } one ? $"deployment {one}" : "everything")}  {window.Text} ({window.By})"
        );
}

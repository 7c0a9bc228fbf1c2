using System.CommandLine;
using Backup.Cli.Output;
using Backup.WebUI.Errors;

namespace Backup.Cli.Commands;

/// <summary><c>backup explain</c>: what a numbered error means and what to do; no appliance is asked.</summary>
internal static class ExplainCommand
{
    internal static Command Create()
    {
        var number = new Argument<string>("NUMBER") { Description = "As it was told: BK9514, or 9514" };
        var json = SharedOptions.Json();
        var command = new Command("explain", "Explain an error by its number: what is wrong, why, what to do")
        {
            number,
            json,
        };
        command.SetAction(
            (parsed, cancellation) =>
                CommandRunner.RunAsync(
                    parsed.GetValue(json),
                    _ => Task.FromResult(Run(parsed.GetRequiredValue(number), parsed.GetValue(json))),
                    cancellation
                )
        );
        return command;
    }

    private static int Run(string number, bool json)
    {
        var article = ErrorBook.OfThisRelease.Find(number) ?? throw CliErrors.NoSuchNumber(number);
        if (json)
        {
            Printer.Json(article);
            return ExitCodes.Ok;
        }

        foreach (var line in ErrorWords.Lines(article))
        {
            Console.Out.WriteLine(line);
        }

        return ExitCodes.Ok;
    }
}

using System.CommandLine;
using System.Text;
using Backup.Cli.Manual;
using Backup.Cli.Output;

namespace Backup.Cli.Commands;

/// <summary><c>backup man</c>: the pages of the manual, made from the same source as the help; packages install them.</summary>
internal static class ManCommand
{
    internal static Command Create()
    {
        var name = new Argument<string?>("PAGE")
        {
            Description = "The page, as 'backup man' names it; print it, for 'man -l -'",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var output = new Option<string?>("--output")
        {
            Description = "Write all pages into this folder, made where it is not there",
            HelpName = "DIR",
        };
        var json = SharedOptions.Json();
        var command = new Command("man", "The manual: list its pages, print one, or write all of them into a folder")
        {
            name,
            output,
            json,
        };
        command.SetAction(
            (parsed, cancellation) =>
                CommandRunner.RunAsync(
                    parsed.GetValue(json),
                    async token =>
                    {
                        var pages = ManualPages.All((RootCommand)parsed.RootCommandResult.Command);
                        if (parsed.GetValue(output) is { } folder)
                        {
                            await WriteAsync(pages, folder, token);
                        }

                        Print(pages, parsed.GetValue(name), parsed.GetValue(json));
                        return ExitCodes.Ok;
                    },
                    cancellation
                )
        );
        return command;
    }

    private static async Task WriteAsync(
        IReadOnlyList<Foundation.Manual.ManualPage> pages,
        string folder,
        CancellationToken cancellation
    )
    {
        Directory.CreateDirectory(folder);
        foreach (var page in pages)
        {
            // A made thing, that can be made again at any time: not worth a durable write.
            await File.WriteAllTextAsync(
                Path.Combine(folder, page.FileName),
                page.ToString(),
                new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
                cancellation
            );
        }
    }

    private static void Print(IReadOnlyList<Foundation.Manual.ManualPage> pages, string? name, bool json)
    {
        if (name is null)
        {
            var list = pages.Select(static one => new ManualPageView(one.Name, one.Section, one.Summary)).ToList();
            if (json)
            {
                Printer.Json(list);
                return;
            }

            foreach (var one in list)
            {
                Console.Out.WriteLine($"{one.Name}({one.Section})  {one.Summary}");
            }

            return;
        }

        var page =
            pages.FirstOrDefault(one => one.Name == name || one.Name == $"backup-{name}" || one.FileName == name)
            ?? throw CliErrors.NoSuchPage(name);
        if (json)
        {
            Printer.Json(
                new
                {
                    page.Name,
                    page.Section,
                    page.Summary,
                    Text = page.ToString(),
                }
            );
        }
        else
        {
            Console.Out.Write(page.ToString());
        }
    }
}

/// <param name="Name">As <c>man</c> is asked for it.</param>
/// <param name="Section">1 commands, 5 files.</param>
/// <param name="Summary">What it is about.</param>
internal sealed record ManualPageView(string Name, int Section, string Summary);

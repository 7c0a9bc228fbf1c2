using System.CommandLine;
using Backup.Cli.Configuration;
using Backup.Cli.Output;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup config</c>: the configuration file, checked and shown; no appliance is asked.</summary>
internal static class ConfigCommand
{
    internal static Command Create() =>
        new("config", "The configuration file: check, show what is set, print the default one")
        {
            Make("check", "Tell everything that is wrong with the file, with its line and what to do", Check),
            Make("show", "Show every key that is set, and whether the file or the environment does it", Show),
            Make(
                "default",
                "Print a file in which every key is explained and has its default",
                static (_, _) => Default()
            ),
        };

    private static Command Make(string verb, string description, Func<string?, bool, int> run)
    {
        var (file, json) = (File(), SharedOptions.Json());
        var command = new Command(verb, description) { file, json };
        command.SetAction(
            (parsed, cancellation) =>
                CommandRunner.RunAsync(
                    parsed.GetValue(json),
                    _ => Task.FromResult(run(parsed.GetValue(file), parsed.GetValue(json))),
                    cancellation
                )
        );
        return command;
    }

    internal static Option<string?> File() =>
        new("--config")
        {
            Description =
                $"The configuration file (else the variable {ApplianceConfiguration.FileVariable}, else {ApplianceConfiguration.DefaultFile} where it is there)",
            HelpName = "FILE",
        };

    private static int Check(string? option, bool json)
    {
        var path = ApplianceConfiguration.Find(option);
        var file = path is null ? null : ConfigurationFile.Read(path);
        List<ErrorView> mistakes = [.. (file?.Mistakes ?? []).Select(Control.ControlServer.Describe)];
        List<Setting> set = [];
        if (mistakes.Count == 0)
        {
            // Variables too, and the files that are named.
            var configuration = ApplianceConfiguration.Load(option);
            _ = configuration.All().Count();
            mistakes.AddRange(ConfigurationCheck.OfFiles(configuration).Select(Control.ControlServer.Describe));
            set = [.. configuration.All().Select(static one => one.Setting)];
        }

        if (json)
        {
            Printer.Json(
                new
                {
                    Ok = mistakes.Count == 0,
                    File = path,
                    Mistakes = mistakes,
                    Reload = set.Where(static one => one.IsLive).Select(static one => one.Key),
                    Restart = set.Where(static one => !one.IsLive).Select(static one => one.Key),
                }
            );
        }
        else if (mistakes.Count == 0)
        {
            Console.Out.WriteLine(
                path is null ? "There is no configuration file; the environment is good." : $"{path} is good."
            );
            Tell("A change counts after a reload (systemctl reload)", set.Where(static one => one.IsLive));
            Tell("A change counts after a restart", set.Where(static one => !one.IsLive));
        }
        else
        {
            foreach (var one in mistakes)
            {
                Console.Out.WriteLine($"{one.Message} ({one.Code})");
                Console.Out.WriteLine($"  {one.Hint}");
            }
        }

        return mistakes.Count == 0 ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static void Tell(string when, IEnumerable<Setting> settings)
    {
        var keys = string.Join(", ", settings.Select(static one => one.Key));
        if (keys.Length > 0)
        {
            Console.Out.WriteLine($"{when}: {keys}");
        }
    }

    private static int Show(string? option, bool json)
    {
        var configuration = ApplianceConfiguration.Load(option);
        var all = configuration
            .All()
            .Select(static one => new SettingView(one.Setting.Key, one.Setting.IsSecret ? ["…"] : one.Values, one.By))
            .ToList();
        if (json)
        {
            Printer.Json(all);
            return ExitCodes.Ok;
        }

        foreach (var one in all)
        {
            Console.Out.WriteLine($"{one.Key}: {string.Join(", ", one.Values)}   ({one.By})");
        }

        if (all.Count == 0)
        {
            Console.Out.WriteLine("Nothing is set: everything has its default.");
        }

        return ExitCodes.Ok;
    }

    private static int Default()
    {
        Console.Out.Write(DefaultFile.Make());
        return ExitCodes.Ok;
    }
}

/// <param name="Key">As the file names it.</param>
/// <param name="Values">What is set; a secret is not shown.</param>
/// <param name="By">The file with its line, or the variable.</param>
internal sealed record SettingView(string Key, IReadOnlyList<string> Values, string By);

using System.CommandLine;
using Backup.Cli.Appliance;
using Backup.Cli.Output;
using Backup.Foundation.Contracts;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup source RS [--member RULE] [--cursors N] [--mb-per-second N] [--pause|--resume]</c>: shows, and changes what is given.</summary>
internal static class SourceCommand
{
    internal static Command Create()
    {
        var member = Option("--member", $"Which member is read: {MemberRule.Shapes}", "RULE");
        var cursors = Option("--cursors", "Collections or ranges copied at the same time, 1 to 16; or default", "N");
        var rate = Option("--mb-per-second", "MB read a second at most, 0: no bound; or default", "N");
        var pause = new Option<bool>("--pause") { Description = "Read nothing until --resume; what is stored stays" };
        var resume = new Option<bool>("--resume") { Description = "Go on where it was paused" };
        var command = SharedOptions.Command(
            "source",
            "Show or change how a source is read, while it is read",
            SharedOptions.ReplicaSet(),
            [member, cursors, rate, pause, resume],
            (parsed, choice, replicaSet, json, cancellation) =>
            {
                var change = new SourceChange(
                    parsed.GetValue(member),
                    parsed.GetValue(cursors),
                    parsed.GetValue(rate),
                    parsed.GetValue(pause) ? true
                        : parsed.GetValue(resume) ? false
                        : null
                );
                return RunAsync(choice, replicaSet, change, json, cancellation);
            }
        );
        command.Validators.Add(parsed =>
        {
            if (parsed.GetValue(pause) && parsed.GetValue(resume))
            {
                parsed.AddError("Give --pause or --resume, not both.");
            }
        });
        return command;
    }

    private static async Task<int> RunAsync(
        ApplianceChoice choice,
        string replicaSet,
        SourceChange change,
        bool json,
        CancellationToken cancellation
    )
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: false, cancellation);
        var source = change.IsEmpty
            ? await appliance.Api.SourceAsync(replicaSet, cancellation)
            : await appliance.Api.ChangeSourceAsync(replicaSet, change, cancellation);
        if (json)
        {
            Printer.Json(source);
            return ExitCodes.Ok;
        }

        Console.Out.WriteLine($"deployment {source.Deployment}");
        Console.Out.WriteLine($"  member: {source.Member}");
        Console.Out.WriteLine($"  cursors: {source.Cursors}{OfDefault(source.CursorsSet)}");
        Console.Out.WriteLine(
            $"  rate: {(source.MegabytesPerSecond == 0 ? "no bound" : $"{source.MegabytesPerSecond:0.###} MB a second")}{OfDefault(source.MegabytesPerSecondSet)}"
        );
        foreach (var line in StateLines(source))
        {
            Console.Out.WriteLine($"  {line}");
        }

        Printer.Error($"  {source.Deployment}", source.Warning);
        return ExitCodes.Ok;
    }

    /// <summary>What goes on at the source now, a fact a line; <c>backup status</c> shows the same.</summary>
    internal static IEnumerable<string> StateLines(SourceView source)
    {
        if (source.PausedAt is { } paused)
        {
            yield return $"paused since {paused:u}: 'backup source {source.Deployment} --resume' lets it go on";
            if (source.Oplog is { LeftSeconds: { } left } oplog)
            {
                yield return left > 0
                    ? $"the oplog holds what is to be read for about {DurationText.Rough(TimeSpan.FromSeconds(left))} more (of {DurationText.Rough(TimeSpan.FromSeconds(oplog.WindowSeconds))})"
                    : "the oplog no longer holds what is to be read next";
            }
        }
        else if (source.ReadFrom is { } member)
        {
            yield return $"read from {member}: {source.Why}";
        }

        if (source.Load is { } load)
        {
            yield return $"load of the last {load.Seconds} s: {Printer.Bytes(load.BytesPerSecond)} and {load.CommandsPerSecond:0.#} commands a second, "
                + $"{load.Cursors} cursors open, held back {load.Throttled:P0} of the time";
        }
    }

    private static string OfDefault(bool set) => set ? "" : " (default)";

    private static Option<string?> Option(string name, string description, string value) =>
        new(name) { Description = description, HelpName = value };
}

using System.CommandLine;
using System.Globalization;
using Backup.Cli.Appliance;
using Backup.Cli.Output;

namespace Backup.Cli.Commands;

/// <summary><c>backup audit</c>: who changed what, or took it out of the backup, or tried to.</summary>
internal static class AuditCommand
{
    internal static Command Create()
    {
        var since = new Option<string>("--since")
        {
            Description = "A time with its zone, or how long ago: 24h, 30d",
            DefaultValueFactory = _ => "30d",
            HelpName = "TIME",
        };
        var limit = new Option<int>("--limit")
        {
            Description = "At most so many, the newest",
            DefaultValueFactory = _ => 1000,
            HelpName = "N",
        };
        var (choice, json) = (new ChoiceOptions(), SharedOptions.Json());
        var command = new Command("audit", "List who did what: what was changed, and what was taken out of the backup")
        {
            since,
            limit,
            json,
        };
        choice.AddTo(command);
        command.SetAction(
            (parsed, cancellation) =>
                CommandRunner.RunAsync(
                    parsed.GetValue(json),
                    token =>
                        RunAsync(
                            choice.Of(parsed),
                            From(parsed.GetRequiredValue(since)),
                            parsed.GetValue(limit),
                            parsed.GetValue(json),
                            token
                        ),
                    cancellation
                )
        );
        return command;
    }

    private static DateTimeOffset From(string since)
    {
        if (InstantText.TryParse(since, out var time))
        {
            return time;
        }

        var ago = DurationText.Parse("--since", since);
        var now = TimeProvider.System.GetUtcNow();
        return ago < now - DateTimeOffset.UnixEpoch ? now - ago : DateTimeOffset.UnixEpoch;
    }

    private static async Task<int> RunAsync(
        ApplianceChoice choice,
        DateTimeOffset since,
        int limit,
        bool json,
        CancellationToken cancellation
    )
    {
        await using var appliance = await ApplianceConnection.OpenAsync(choice, needsRunning: false, cancellation);
        var records = await appliance.Api.AuditAsync(since, limit, cancellation);
        if (json)
        {
            Printer.Json(records);
            return ExitCodes.Ok;
        }

        foreach (var one in records)
        {
            var bytes = one.Bytes is { } sent ? string.Create(CultureInfo.InvariantCulture, $"  {sent} bytes") : "";
            var code = one.Code is null ? "" : $"  {one.Code}";
            var details = one.Details is null ? "" : $"  ({one.Details})";
            Console.Out.WriteLine(
                $"{one.At:yyyy-MM-dd HH:mm:ss}Z  {one.Actor}  from {one.From}  {one.Action}  {one.Outcome}  {one.Subject}{bytes}{code}{details}"
            );
        }

        return ExitCodes.Ok;
    }
}

using System.CommandLine;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Commands;

/// <summary><c>backup alerts radar</c>: how long the last clean second before a mass change is kept.</summary>
internal static class RadarCommands
{
    internal static Command Create()
    {
        var keep = new Option<string?>("--keep")
        {
            Description = "From now on for that long: 1h to 90d",
            HelpName = "TIME",
        };
        return SharedOptions.Command(
            "radar",
            "How long the last clean second before a mass delete, drop or overwrite is kept: show, or set with --keep",
            [keep],
            (parsed, choice, json, cancellation) =>
                Question.AskAsync(
                    choice,
                    json,
                    appliance =>
                        parsed.GetValue(keep) is { } text
                            ? appliance.Api.SetRadarAsync(
                                new RadarSettingRequest((long)DurationText.Parse("--keep", text).TotalSeconds),
                                cancellation
                            )
                            : appliance.Api.RadarAsync(cancellation),
                    static found =>
                        Console.Out.WriteLine(
                            $"The last clean second is kept for {DurationText.Of(TimeSpan.FromSeconds(found.KeptSeconds))}, or until its alert is resolved."
                        ),
                    cancellation
                )
        );
    }
}

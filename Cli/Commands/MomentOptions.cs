using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Backup.Cli.Control;
using Backup.Foundation;

namespace Backup.Cli.Commands;

/// <summary>The options that say what is restored: exactly one of them.</summary>
internal sealed class MomentOptions
{
    private readonly Option<string?> _snapshot = new("--snapshot")
    {
        Description = "The snapshot's id",
        HelpName = "ID",
    };

    private readonly Option<bool> _latest = new("--latest") { Description = "The newest snapshot" };

    private readonly Option<string?> _time = new("--time")
    {
        Description = "As it was before that second, for example 2026-11-21T10:00:00Z or 2026-11-21T11:00:00+01:00",
        HelpName = "TIME",
    };

    private readonly Option<string?> _optime = new("--optime")
    {
        Description = "As it was after the oplog entry (T, I): up to and including it",
        HelpName = "T,I",
    };

    /// <summary>Whether the command does other things, too, that no moment is asked for.</summary>
    internal bool IsOptional { get; init; }

    /// <summary>Whether any of them is given.</summary>
    internal bool IsGiven(CommandResult result) =>
        result.GetValue(_snapshot) is not null
        || result.GetValue(_latest)
        || result.GetValue(_time) is not null
        || result.GetValue(_optime) is not null;

    internal void AddTo(Command command)
    {
        command.Options.Add(_snapshot);
        command.Options.Add(_latest);
        command.Options.Add(_time);
        command.Options.Add(_optime);
        command.Validators.Add(Validate);
    }

    /// <summary>The snapshot's id; null for the newest, or a moment.</summary>
    internal string? SnapshotOf(ParseResult parsed) => parsed.GetValue(_snapshot);

    /// <summary>The moment as the control socket takes it; null where a snapshot is meant.</summary>
    internal (string Parameter, string Value)? MomentOf(ParseResult parsed)
    {
        if (parsed.GetValue(_optime) is { } optime)
        {
            return (ControlRoutes.OptimeParameter, optime);
        }

        return parsed.GetValue(_time) is { } time && TryReadTime(time, out var second)
            ? (ControlRoutes.SecondParameter, second.ToString(CultureInfo.InvariantCulture))
            : null;
    }

    private void Validate(CommandResult result)
    {
        var (time, optime) = (result.GetValue(_time), result.GetValue(_optime));
        var given = new[]
        {
            result.GetValue(_snapshot) is not null,
            result.GetValue(_latest),
            time is not null,
            optime is not null,
        };
        if (given.Count(one => one) is var count && count != 1 && (count > 1 || !IsOptional))
        {
            result.AddError("Say what: one of --snapshot ID, --latest, --time TIME and --optime T,I.");
        }
        else if (optime is not null && (!Optime.TryParse(optime, out var parsed) || parsed.IsZero))
        {
            result.AddError($"'{optime}' is no optime: write seconds and ordinal as T,I, for example 1700000000,3.");
        }
        else if (time is not null && !TryReadTime(time, out _))
        {
            result.AddError(
                $"'{time}' is no time with a zone between 1970 and 2106: write, for example, 2026-11-21T10:00:00Z or 2026-11-21T11:00:00+01:00."
            );
        }
    }

    internal static bool TryReadTime(string text, out uint second)
    {
        var seconds = InstantText.TryParse(text, out var time) ? time.ToUnixTimeSeconds() : 0;
        second = seconds is > 0 and <= uint.MaxValue ? (uint)seconds : 0;
        return second > 0;
    }
}

using System.CommandLine;
using System.CommandLine.Parsing;

namespace Backup.Cli.Commands;

/// <summary>The options of a restore that is pushed over SSH.</summary>
internal sealed class RestorePushOptions
{
    private readonly Option<string?> _push = new("--push")
    {
        Description = "An SSH target (backup ssh targets), perhaps with a subfolder: there, as one archive",
        HelpName = "TARGET[/SUBFOLDER]",
    };

    private readonly Option<bool> _files = new("--files")
    {
        Description = "With --push: the single files of a mongodump directory, in a folder",
    };

    private readonly Option<bool> _noSpaceCheck = new("--no-space-check")
    {
        Description = "With --push: send also where there seems to be too little room",
    };

    private readonly Option<bool> _discardPartial = new("--discard-partial")
    {
        Description = "With --push: remove what was sent where it fails; else the next push goes on from it",
    };

    internal void AddTo(Command command)
    {
        foreach (var option in (Option[])[_push, _files, _noSpaceCheck, _discardPartial])
        {
            command.Options.Add(option);
        }
    }

    internal bool IsGiven(ParseResult parsed) => parsed.GetValue(_push) is not null;

    internal bool IsGiven(CommandResult result) => result.GetValue(_push) is not null;

    /// <summary>What of a request they say.</summary>
    internal RestoreRequest Request(ParseResult parsed) =>
        new()
        {
            Push = parsed.GetValue(_push),
            IsFiles = parsed.GetValue(_files),
            ChecksSpace = !parsed.GetValue(_noSpaceCheck),
            KeepsPart = !parsed.GetValue(_discardPartial),
        };

    /// <summary>Whether all is said about where to: a push, or a mistake with one.</summary>
    internal bool IsValidated(CommandResult result, string? output, string? to, string? format, bool drop, bool raw)
    {
        var files = result.GetValue(_files);
        if (result.GetValue(_push) is null)
        {
            var other = files || result.GetValue(_noSpaceCheck) || result.GetValue(_discardPartial);
            if (other)
            {
                result.AddError("--files, --no-space-check and --discard-partial are for --push.");
            }

            return other;
        }

        if (output is not null || to is not null)
        {
            result.AddError("One of --output, --to and --push.");
        }
        else if (format is not null || drop || raw)
        {
            result.AddError("--format, --drop and --raw are not for --push: it sends one archive, or --files.");
        }
        else if (files && result.GetValue(_discardPartial))
        {
            result.AddError("--discard-partial is for one archive: of several files those that are whole stay.");
        }

        return true;
    }
}

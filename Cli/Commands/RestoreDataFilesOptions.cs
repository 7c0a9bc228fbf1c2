using System.CommandLine;
using System.CommandLine.Parsing;

namespace Backup.Cli.Commands;

/// <summary>What is asked of data files.</summary>
/// <param name="Seed">The replica set that they are for; null for none.</param>
/// <param name="OplogMegabytes">Of its oplog; null for the least.</param>
/// <param name="DirectoryPerDatabase">A folder for each database.</param>
internal sealed record DataFilesShape(string? Seed, int? OplogMegabytes, bool DirectoryPerDatabase);

/// <summary>The options of a restore to data files.</summary>
internal sealed class RestoreDataFilesOptions
{
    /// <summary>The value of --format.</summary>
    internal const string Format = "data-files";

    private readonly Option<string?> _seed = new("--seed")
    {
        Description = "With --format data-files: the replica set whose members will each be started on a copy of them",
        HelpName = "SET=HOST:PORT,…",
    };

    private readonly Option<int?> _oplog = new("--oplog-mb")
    {
        Description = "With --seed: what its oplog may hold, 990 to 1048576; 990 unless given",
        HelpName = "MB",
    };

    private readonly Option<bool> _directories = new("--directory-per-db")
    {
        Description = "With --format data-files: a folder for each database (mongod --directoryperdb)",
    };

    internal void AddTo(Command command)
    {
        foreach (var option in (Option[])[_seed, _oplog, _directories])
        {
            command.Options.Add(option);
        }
    }

    internal DataFilesShape Shape(ParseResult parsed) =>
        new(parsed.GetValue(_seed), parsed.GetValue(_oplog), parsed.GetValue(_directories));

    /// <summary>Whether one of them is given.</summary>
    internal bool IsGiven(CommandResult result) =>
        result.GetValue(_seed) is not null || result.GetValue(_oplog) is not null || result.GetValue(_directories);

    /// <summary>What is wrong with them; null where all is well.</summary>
    internal string? Mistake(CommandResult result, bool isDataFiles, bool gzip, bool merged, bool raw) =>
        !isDataFiles
            ? IsGiven(result)
                ? "--seed, --oplog-mb and --directory-per-db are for --format data-files."
                : null
            : gzip || merged || raw
                ? "--gzip, --merged and --raw are not for --format data-files."
                : result.GetValue(_oplog) is not null && result.GetValue(_seed) is null
                    ? "--oplog-mb is for --seed."
                    : null;
}

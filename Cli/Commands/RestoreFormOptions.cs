using System.CommandLine;
using System.CommandLine.Parsing;
using Backup.Cli.Appliance;
using Backup.Cli.Control;
using Backup.Daemon.Restores;

namespace Backup.Cli.Commands;

/// <summary>What a restore was asked for.</summary>
internal sealed record RestoreRequest
{
    /// <summary>Of which appliance.</summary>
    internal ApplianceChoice Choice { get; init; } = new(null, null, null, null);

    /// <summary>A replica set or a cluster, as the user names it.</summary>
    internal string Subject { get; init; } = "";

    /// <summary>Its id; null for the newest one, or where a moment is given.</summary>
    internal string? Snapshot { get; init; }

    /// <summary>Null for a snapshot.</summary>
    internal (string Parameter, string Value)? Moment { get; init; }

    /// <summary>How it is written.</summary>
    internal RestoreFormat Format { get; init; }

    /// <summary>Whether the format was named.</summary>
    internal bool HasFormat { get; init; }

    /// <summary>Compressed.</summary>
    internal bool Gzip { get; init; }

    /// <summary>What is restored; none: everything.</summary>
    internal IReadOnlyList<string> Namespaces { get; init; } = [];

    /// <summary>Where to; null where it goes into MongoDB.</summary>
    internal string? Output { get; init; }

    /// <summary>The MongoDB that it goes into; may hold a password. Null where it is written to files.</summary>
    internal string? To { get; init; }

    /// <summary>The SSH target that it is pushed to, perhaps with a subfolder; null where it goes elsewhere.</summary>
    internal string? Push { get; init; }

    /// <summary>Pushed as single files.</summary>
    internal bool IsFiles { get; init; }

    /// <summary>Not pushed where there is too little room.</summary>
    internal bool ChecksSpace { get; init; } = true;

    /// <summary>A push that fails leaves what was sent.</summary>
    internal bool KeepsPart { get; init; } = true;

    /// <summary>Remove the target's collections first.</summary>
    internal bool Drop { get; init; }

    /// <summary>Batches under way at the same time.</summary>
    internal int Parallelism { get; init; }

    /// <summary>Go on with one that was broken off.</summary>
    internal bool Resume { get; init; }

    /// <summary>What is called otherwise in the target.</summary>
    internal IReadOnlyList<string> Renames { get; init; } = [];

    /// <summary>With users and roles.</summary>
    internal bool Users { get; init; }

    /// <summary>The same, for files.</summary>
    internal RestoreShape Shape => new(Gzip, Namespaces, Renames, Users, Hashes);

    /// <summary>With the SHA-256 of what is written.</summary>
    internal bool Hashes { get; init; } = true;

    /// <summary>Count in the end, and do not hash.</summary>
    internal bool IsCounted { get; init; }

    /// <summary>Say what would be, and write nothing.</summary>
    internal bool IsDryRun { get; init; }

    /// <summary>As data files; null where they are not asked for.</summary>
    internal DataFilesShape? DataFiles { get; init; }

    /// <summary>A cluster as one.</summary>
    internal bool IsMerged { get; init; }

    /// <summary>A cluster with what migrations had left behind.</summary>
    internal bool IsRaw { get; init; }

    /// <summary>For scripts.</summary>
    internal bool Json { get; init; }

    internal bool ToStandardOutput => Output == "-";

    /// <summary>Of a cluster, as the control socket takes it.</summary>
    internal (string Parameter, string Value) ClusterPoint =>
        Moment ?? (ControlRoutes.SnapshotParameter, Snapshot ?? "");
}

/// <summary>The options that say in which form something is restored, and where to.</summary>
internal sealed class RestoreFormOptions
{
    /// <summary>The URI may hold a password, and a command line is seen by everybody on the host: this variable is the other way.</summary>
    internal const string ToVariable = "BACKUP_RESTORE_TO";

    private readonly Option<string?> _format = new("--format")
    {
        Description =
            "archive (mongorestore --archive), directory (mongorestore --dir), ndjson, or data-files (what mongod --dbpath takes); archive unless given",
        HelpName = "archive|directory|ndjson|data-files",
    };

    private readonly Option<bool> _gzip = new("--gzip")
    {
        Description = "Compressed: an archive or lines as a whole, of a directory each file (mongorestore --gzip)",
    };

    private readonly Option<bool> _noChecksum = new("--no-checksum")
    {
        Description =
            "With --output: leave out the SHA-256 of what is written, which takes a fifth of the time; every block is checked all the same",
    };

    private readonly Option<string?> _output = new("--output")
    {
        Description =
            "A file, a folder (directory, a cluster set by set, data files unless it ends in .tar), or - for standard output (folders: as tar)",
        HelpName = "PATH|-",
    };

    private readonly Option<string?> _to = new("--to")
    {
        Description = $"A running MongoDB to restore into: a replica set, or a mongos (or the variable {ToVariable})",
        HelpName = "URI",
    };

    private readonly Option<bool> _drop = new("--drop")
    {
        Description = "With --to: remove the target's collections of the same names first",
    };

    private readonly Option<int> _parallel = new("--parallel")
    {
        Description = "With --to: batches under way at the same time, 1 to 64",
        DefaultValueFactory = _ => 4,
        HelpName = "N",
    };

    private readonly Option<bool> _resume = new("--resume")
    {
        Description = "With --to: go on with the same restore that was broken off",
    };

    private readonly Option<string[]> _renames = new("--rename")
    {
        Description =
            "Other names, for example shop.*=shop2.* or shop.orders=shop.orders_old; may be given several times",
        HelpName = "FROM=TO",
    };

    private readonly Option<bool> _users = new("--users")
    {
        Description = "With users and roles; with --to they are merged into the target's",
    };

    private readonly Option<string?> _check = new("--check")
    {
        Description = "With --to: what is compared in the end, every byte (hash) or the number of documents (count)",
        HelpName = "hash|count",
    };

    private readonly Option<bool> _dryRun = new("--dry-run")
    {
        Description = "With --to: say what the restore would meet, and write nothing",
    };

    private readonly Option<bool> _merged = new("--merged")
    {
        Description = "Of a cluster: all of it as one, each document once",
    };

    private readonly Option<bool> _raw = new("--raw")
    {
        Description = "Of a cluster: each shard with what migrations had left behind on it",
    };

    private readonly Option<string[]> _namespaces = new("--namespace")
    {
        Description = "Only these: db, db.coll or db.prefix*; may be given several times",
        HelpName = "NAMESPACE",
    };

    private readonly RestorePushOptions _push = new();
    private readonly RestoreDataFilesOptions _dataFiles = new();

    internal void AddTo(Command command)
    {
        _format.AcceptOnlyFromAmong([.. RestoreFormats.Names, RestoreDataFilesOptions.Format]);
        _check.AcceptOnlyFromAmong("hash", "count");
        Option[] into = [_to, _dryRun, _drop, _resume, _renames, _users, _check, _parallel];
        foreach (var option in (Option[])[_format, _gzip, _noChecksum, _namespaces, _output, .. into, _merged, _raw])
        {
            command.Options.Add(option);
        }

        _push.AddTo(command);
        _dataFiles.AddTo(command);
        command.Validators.Add(Validate);
    }

    internal RestoreRequest Request(ParseResult parsed)
    {
        var output = parsed.GetValue(_output);
        var format = parsed.GetValue(_format);
        var isDataFiles = format == RestoreDataFilesOptions.Format;
        return _push.Request(parsed) with
        {
            Format = RestoreFormats.Parse(format is null || isDataFiles ? "archive" : format),
            DataFiles = isDataFiles ? _dataFiles.Shape(parsed) : null,
            Gzip = parsed.GetValue(_gzip),
            Hashes = !parsed.GetValue(_noChecksum),
            HasFormat = format is not null,
            Namespaces = parsed.GetValue(_namespaces) ?? [],
            Output = output,
            To = output is null && !_push.IsGiven(parsed) ? parsed.GetValue(_to) ?? Variable() : null,
            Drop = parsed.GetValue(_drop),
            Parallelism = parsed.GetValue(_parallel),
            Resume = parsed.GetValue(_resume),
            Renames = parsed.GetValue(_renames) ?? [],
            Users = parsed.GetValue(_users),
            IsCounted = parsed.GetValue(_check) == "count",
            IsDryRun = parsed.GetValue(_dryRun),
            IsMerged = parsed.GetValue(_merged),
            IsRaw = parsed.GetValue(_raw),
        };
    }

    /// <summary>Not what it says: a value that is none of those allowed cannot be asked for before it is refused.</summary>
    private static bool IsGiven(CommandResult result, Option option) => result.GetResult(option) is { Implicit: false };

    /// <summary>By its words: see <see cref="IsGiven"/>.</summary>
    private bool IsDataFiles(CommandResult result) =>
        result.GetResult(_format) is { Tokens: [{ Value: RestoreDataFilesOptions.Format }] };

    private bool IsOfTarget(CommandResult result) =>
        result.GetValue(_drop) || result.GetValue(_resume) || result.GetValue(_dryRun) || IsGiven(result, _check);

    internal static string? Variable() =>
        Environment.GetEnvironmentVariable(ToVariable) is { Length: > 0 } uri ? uri : null;

    private void Validate(CommandResult result)
    {
        var (output, to) = (result.GetValue(_output), result.GetValue(_to));
        if (
            _push.IsGiven(result)
            && (IsOfTarget(result) || result.GetValue(_users) || result.GetValue(_renames) is { Length: > 0 })
        )
        {
            result.AddError("--drop, --resume, --rename, --users, --check and --dry-run are not for --push.");
            return;
        }

        if (
            _push.IsValidated(
                result,
                output,
                to,
                IsGiven(result, _format) ? "" : null,
                result.GetValue(_drop),
                result.GetValue(_raw)
            )
        )
        {
            return;
        }

        if (output is not null && to is not null)
        {
            result.AddError("Either --output or --to.");
        }
        else if (output is null && to is null && Variable() is null)
        {
            result.AddError($"Say where to: --output PATH, --push TARGET, or --to URI (or the variable {ToVariable}).");
        }
        else if (
            output is null
            && (
                IsGiven(result, _format)
                || result.GetValue(_raw)
                || result.GetValue(_gzip)
                || result.GetValue(_noChecksum)
            )
        )
        {
            result.AddError("--format, --gzip, --no-checksum and --raw are for --output.");
        }
        else if (output is not null && IsOfTarget(result))
        {
            result.AddError("--drop, --resume, --check and --dry-run are for --to.");
        }
        else if (
            _dataFiles.Mistake(
                result,
                IsDataFiles(result),
                result.GetValue(_gzip),
                result.GetValue(_merged),
                result.GetValue(_raw)
            ) is
            { } mistake
        )
        {
            result.AddError(mistake);
        }
        else if (result.GetValue(_drop) && result.GetValue(_resume))
        {
            result.AddError("Either --drop, which begins anew, or --resume, which goes on.");
        }
    }
}

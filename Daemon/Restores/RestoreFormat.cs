using Backup.Foundation;

namespace Backup.Daemon.Restores;

/// <summary>The forms a snapshot can be written out in.</summary>
public enum RestoreFormat
{
    Archive = 0,
    Directory = 1,
    Ndjson = 2,
}

/// <summary>The names of <see cref="RestoreFormat"/> that commands and routes use.</summary>
public static class RestoreFormats
{
    public static readonly IReadOnlyList<string> Names = ["archive", "directory", "ndjson"];

    public static string Name(RestoreFormat format) => Names[(int)format];

    /// <exception cref="Foundation.Errors.BackupException">9004</exception>
    public static RestoreFormat Parse(string name)
    {
        for (var i = 0; i < Names.Count; i++)
        {
            if (Names[i] == name)
            {
                return (RestoreFormat)i;
            }
        }

        throw DaemonErrors.Format(name, Names);
    }
}

/// <param name="Namespace">Of the collection.</param>
/// <param name="Reason">Why its documents could not be followed.</param>
public sealed record ExcludedCollection(string Namespace, string Reason);

/// <param name="Documents">Written.</param>
/// <param name="Bytes">Of the output.</param>
/// <param name="Sha256">Of the output, 64 hex digits.</param>
/// <param name="Optime">The last oplog entry that is in it.</param>
/// <param name="Excluded">Collections whose documents are not in it.</param>
/// <param name="Undecided">Where transactions were prepared that may have been committed by then, and are not in it.</param>
public sealed record RestoreResult(
    long Documents,
    long Bytes,
    string Sha256,
    Optime Optime,
    IReadOnlyList<ExcludedCollection> Excluded,
    IReadOnlyList<Optime> Undecided
);

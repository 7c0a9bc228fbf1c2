using System.Buffers;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Backup.Snapshots.Exports;

/// <summary>Names of databases and collections as those of folders and files, as mongodump makes them. Source: mongo-tools, common/util and mongodump.</summary>
internal static class FileNames
{
    private const int MaxLength = 238;
    private const int KeptLength = 208;
    private const string Kept = "-_.~$&+=@";
    private const int MaxDatabaseLength = 63;

    // What a server takes for no part of a database's name. Source: mongo/db/namespace_string.h, validDBName.
    private static readonly SearchValues<char> NotOfDatabases = SearchValues.Create("/\\. \"$\0");

    /// <summary>
    /// A database's name as it stands: so mongodump writes it, and mongorestore takes the folder's name for the database's (of collections it decodes them). The
    /// names are strangers': one that leads out of the folder or that no server has is refused, and so are control characters, which lists of files
    /// and tars do not survive.
    /// </summary>
    /// <exception cref="Foundation.Errors.BackupException">4013.</exception>
    internal static string OfDatabase(string database) =>
        database.Length > 0
        && Encoding.UTF8.GetByteCount(database) <= MaxDatabaseLength
        && !database.AsSpan().ContainsAny(NotOfDatabases)
        && !database.Any(char.IsControl)
            ? database
            : throw SnapshotsErrors.NoFolderName(database);

    /// <summary>Percent-encoded; a name that would be too long is cut and ends with its SHA-1.</summary>
    internal static string Of(string collection)
    {
        var escaped = Escape(collection);
        return escaped.Length <= MaxLength
            ? escaped
            : $"{escaped[..KeptLength]}%24{Base64Url.EncodeToString(SHA1.HashData(Encoding.UTF8.GetBytes(collection)))}";
    }

    private static string Escape(string name)
    {
        var escaped = new StringBuilder(name.Length);
        foreach (var one in Encoding.UTF8.GetBytes(name))
        {
            if (char.IsAsciiLetterOrDigit((char)one) || Kept.Contains((char)one))
            {
                escaped.Append((char)one);
            }
            else
            {
                escaped.Append('%').Append(one.ToString("X2"));
            }
        }

        // A name of dots alone would lead out of the folder.
        return escaped.Replace(".", "%2E", 0, name is "." or ".." ? escaped.Length : 0).ToString();
    }
}

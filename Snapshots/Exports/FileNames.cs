using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Backup.Snapshots.Exports;

/// <summary>Collection names as file names, as mongodump makes them. Source: mongo-tools, common/util and mongodump.</summary>
internal static class FileNames
{
    private const int MaxLength = 238;
    private const int KeptLength = 208;
    private const string Kept = "-_.~$&+=@";

    /// <summary>Percent-encoded; a name that would be too long is cut and ends with its SHA-1.</summary>
    internal static string Of(string collection)
    {
        var escaped = Escape(collection);
        return escaped.Length <= MaxLength
            ? escaped
            : $"{escaped[..KeptLength]}%24{Base64Url.EncodeToString(SHA1.HashData(Encoding.UTF8.GetBytes(collection)))}";
    }

    internal static string Escape(string name)
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

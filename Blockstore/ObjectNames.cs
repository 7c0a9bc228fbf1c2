using Backup.Foundation.Files;

namespace Backup.Blockstore;

/// <summary>
/// Which object names there are: parts joined by single slashes; a part is letters, digits, <c>-_.</c> of ASCII and does
/// not begin with a dot, so that no name leaves a store's folder on any file system.
/// </summary>
public static class ObjectNames
{
    private const int MaxLength = 512;
    private const int MaxPartLength = 200;

    /// <exception cref="Foundation.Errors.BackupException">5007.</exception>
    public static void Require(string name)
    {
        if (!IsName(name))
        {
            throw BlockstoreErrors.BadName(name);
        }
    }

    /// <summary>A prefix is a name and a slash.</summary>
    /// <exception cref="Foundation.Errors.BackupException">5007.</exception>
    public static void RequirePrefix(string prefix)
    {
        if (!prefix.EndsWith('/') || !IsName(prefix.AsSpan(..^1)))
        {
            throw BlockstoreErrors.BadName(prefix);
        }
    }

    public static bool IsName(ReadOnlySpan<char> name)
    {
        if (name.Length is 0 or > MaxLength)
        {
            return false;
        }

        foreach (var part in name.Split('/'))
        {
            if (!IsPart(name[part]))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsPart(ReadOnlySpan<char> part)
    {
        if (part.Length is 0 or > MaxPartLength || part[0] == '.' || part.EndsWith(DurableFile.TemporarySuffix))
        {
            return false;
        }

        foreach (var letter in part)
        {
            if (!char.IsAsciiLetterOrDigit(letter) && letter is not ('-' or '_' or '.'))
            {
                return false;
            }
        }

        return true;
    }
}

using System.Text.RegularExpressions;

namespace Backup.Metadata;

/// <summary>Time zones by their IANA names, as the tzdata of this machine knows them. UTC is there without it.</summary>
public static partial class TimeZones
{
    public const string Utc = "UTC";

    private const int LongestName = 64;
    private const int MostSuggested = 3;

    /// <param name="name">For example <c>Europe/Berlin</c>: as tzdata spells it.</param>
    /// <exception cref="Foundation.Errors.BackupException">6150, with names that are near.</exception>
    public static TimeZoneInfo Find(string name) =>
        TryFind(name) ?? throw MetadataErrors.Zone(name.Length > LongestName ? name[..LongestName] : name, Near(name));

    /// <summary>Null where this machine does not know it.</summary>
    public static TimeZoneInfo? TryFind(string name) =>
        name == Utc ? TimeZoneInfo.Utc
        // Whether case counts depends on the file system, and on what was asked for before: it does here.
        : IsName(name) && TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) && zone.Id == name ? zone
        : null;

    /// <summary>
    /// Not a path, not what one machine calls its own (<c>localtime</c>), and none of the tables that count leap seconds, which no other clock does.
    /// </summary>
    private static bool IsName(string name) =>
        name.Length <= LongestName
        && Name().IsMatch(name)
        && !name.StartsWith("right/", StringComparison.Ordinal)
        && !name.StartsWith("posix/", StringComparison.Ordinal)
        && name is not ("localtime" or "posixrules" or "Factory");

    /// <summary>What is spelt much like it, or ends with it: the city alone, another case, a slip.</summary>
    private static List<string> Near(string name)
    {
        if (name.Length is 0 or > LongestName)
        {
            return [];
        }

        var wanted = name.Replace(' ', '_');
        return
        [
            .. TimeZoneInfo
                .GetSystemTimeZones()
                .Select(static zone => zone.Id)
                .Append(Utc)
                .Where(IsName)
                .Select(id => (Id: id, Distance: Distance(id, wanted)))
                .Where(one => one.Distance <= Math.Max(1, wanted.Length / 4))
                .OrderBy(static one => one.Distance)
                .ThenBy(static one => one.Id, StringComparer.Ordinal)
                .Take(MostSuggested)
                .Select(static one => one.Id),
        ];
    }

    private static int Distance(string id, string wanted)
    {
        var city = id[(id.LastIndexOf('/') + 1)..];
        var own = wanted[(wanted.LastIndexOf('/') + 1)..];
        return Math.Min(Edits(id, wanted), Math.Min(Edits(city, wanted), Edits(city, own)) + 1);
    }

    /// <summary>How many letters have to be put in, left out or changed, whatever their case (Levenshtein).</summary>
    private static int Edits(string left, string right)
    {
        var row = new int[right.Length + 1];
        for (var j = 0; j < row.Length; j++)
        {
            row[j] = j;
        }

        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j < row.Length; j++)
            {
                var isSame = char.ToUpperInvariant(left[i - 1]) == char.ToUpperInvariant(right[j - 1]);
                var changed = diagonal + (isSame ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(changed, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }

    [GeneratedRegex(
        @"\A[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Name();
}

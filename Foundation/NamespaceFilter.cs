using System.Text.Json.Serialization;
using Backup.Foundation.Errors;

namespace Backup.Foundation;

/// <summary>
/// Which namespaces a deployment's backup holds: those that a pattern of the allow list names (all where it is empty), without those that one of the deny
/// list names. What a restore or the replay itself cannot do without is held whatever the lists say: <c>admin</c> and <c>config</c>; of a
/// database of which anything may be held, its <c>system.views</c> and <c>system.js</c>, and the temporary collections that
/// <c>$out</c>, mapReduce, convertToCapped and a rename across databases fill before they take the place of another.
/// </summary>
/// <param name="Include">The allow list: patterns of <see cref="NamespacePattern"/>.</param>
/// <param name="Exclude">The deny list; it wins.</param>
public sealed record NamespaceFilter(IReadOnlyList<string> Include, IReadOnlyList<string> Exclude)
{
    private readonly List<NamespacePattern> _include = [.. Include.Select(NamespacePattern.Parse)];
    private readonly List<NamespacePattern> _exclude = [.. Exclude.Select(NamespacePattern.Parse)];

    /// <summary>Holds all.</summary>
    public static readonly NamespaceFilter Everything = new([], []);

    [JsonIgnore]
    public bool IsEverything => Include.Count == 0 && Exclude.Count == 0;

    /// <summary>Both lists checked, in order, nothing twice.</summary>
    /// <exception cref="BackupException">1005.</exception>
    public static NamespaceFilter Of(IEnumerable<string> include, IEnumerable<string> exclude) =>
        new(
            [.. include.Distinct().Order(StringComparer.Ordinal)],
            [.. exclude.Distinct().Order(StringComparer.Ordinal)]
        );

    /// <param name="ns"><c>db.coll</c></param>
    public bool Includes(string ns)
    {
        var dot = ns.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0)
        {
            return true;
        }

        var (database, name) = (ns[..dot], ns[(dot + 1)..]);
        return database is "admin" or "config"
            || (
                name is "system.views" or "system.js" || IsTemporary(name)
                    ? MayHold(database)
                    : (_include.Count == 0 || _include.Exists(one => one.Matches(ns)))
                        && !_exclude.Exists(one => one.Matches(ns))
            );
    }

    /// <summary>Whether it is certain, from the lists alone, that this holds whatever the other one holds.</summary>
    public bool Covers(NamespaceFilter other) =>
        (
            _include.Count == 0
            || (other._include.Count > 0 && other._include.TrueForAll(one => _include.Exists(mine => mine.Covers(one))))
        ) && _exclude.TrueForAll(one => other._exclude.Exists(theirs => theirs.Covers(one)));

    public bool Equals(NamespaceFilter? other) =>
        other is not null && Include.SequenceEqual(other.Include) && Exclude.SequenceEqual(other.Exclude);

    public override int GetHashCode() => HashCode.Combine(Include.Count, Exclude.Count, Include.FirstOrDefault());

    /// <summary>For people.</summary>
    public override string ToString() =>
        (Include.Count, Exclude.Count) switch
        {
            (0, 0) => "everything",
            (_, 0) => $"only {string.Join(", ", Include)}",
            (0, _) => $"everything but {string.Join(", ", Exclude)}",
            _ => $"only {string.Join(", ", Include)}, without {string.Join(", ", Exclude)}",
        };

    private bool MayHold(string database) =>
        (_include.Count == 0 || _include.Exists(one => one.Reaches(database)))
        && !_exclude.Exists(one => one.HoldsAll(database));

    /// <summary>As servers from 4.0 on name them: <c>tmp.agg_out.1</c>, <c>tmp.mr.x_1</c>, <c>tmpAbCdE.renameCollection</c>, <c>tmpAbCdE.convertToCapped.x</c>.</summary>
    private static bool IsTemporary(string name) =>
        name.StartsWith("tmp.agg_out.", StringComparison.Ordinal)
        || name.StartsWith("tmp.mr.", StringComparison.Ordinal)
        || (
            name.StartsWith("tmp", StringComparison.Ordinal)
            && name.IndexOf('.', StringComparison.Ordinal) is 8
            && (
                name.AsSpan(9).SequenceEqual("renameCollection")
                || name.AsSpan(9).StartsWith("convertToCapped.", StringComparison.Ordinal)
            )
        );
}

/// <summary>
/// The filters that a head is under. It holds what all of them include: more than one while a change is under way. The last is the one that is
/// to be in force.
/// </summary>
public static class NamespaceFilters
{
    public static bool Include(IReadOnlyList<NamespaceFilter> filters, string ns) =>
        filters.All(one => one.Includes(ns));

    /// <summary>Whether a collection that is held stays so under that name.</summary>
    public static bool Keep(IReadOnlyList<NamespaceFilter> filters, string ns) =>
        filters.Count == 0 || filters[^1].Includes(ns);

    /// <summary>The one that is to be in force.</summary>
    public static NamespaceFilter Wanted(IReadOnlyList<NamespaceFilter> filters) =>
        filters.Count == 0 ? NamespaceFilter.Everything : filters[^1];

    /// <summary>None for everything.</summary>
    public static IReadOnlyList<NamespaceFilter> Of(NamespaceFilter? filter) =>
        filter is null or { IsEverything: true } ? [] : [filter];
}

using Backup.Foundation.Errors;

namespace Backup.Foundation;

/// <summary>
/// Names one or many namespaces: <c>db</c> or <c>db.*</c> a whole database, <c>db.coll</c> one collection, <c>db.prefix*</c> those whose names
/// begin so, <c>prefix*</c> (without a dot) whole databases whose names begin so. A star stands at the end and nowhere else. A time series is
/// named as users see it: <c>db.coll</c> means its buckets too.
/// </summary>
public sealed class NamespacePattern : IEquatable<NamespacePattern>
{
    private const string Buckets = "system.buckets.";
    private const int LongestNamespace = 255;

    /// <summary>The whole namespace, or what it begins with.</summary>
    private readonly string _start;
    private readonly bool _isPrefix;

    private NamespacePattern(string text, string start, bool isPrefix)
    {
        Text = text;
        _start = start;
        _isPrefix = isPrefix;
    }

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <exception cref="BackupException">1005 where it is none.</exception>
    public static NamespacePattern Parse(string text)
    {
        var star = text.IndexOf('*', StringComparison.Ordinal);
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        var database = dot >= 0 ? text[..dot] : text.TrimEnd('*');
        if (
            text.Length is 0 or > LongestNamespace
            || (star >= 0 && star != text.Length - 1)
            || dot == 0
            || dot == text.Length - 1
            || text.Contains('\0')
            || database.AsSpan().IndexOfAny("/\\\"$<>:|?*") >= 0
        )
        {
            throw FoundationErrors.Pattern(text);
        }

        return star >= 0 ? new NamespacePattern(text, text[..^1], isPrefix: true)
            : dot < 0 ? new NamespacePattern(text, text + ".", isPrefix: true)
            : new NamespacePattern(text, text, isPrefix: false);
    }

    /// <summary>Whether it names this namespace.</summary>
    /// <param name="ns"><c>db.coll</c>; of a time series the view or its buckets.</param>
    public bool Matches(string ns)
    {
        var seen = AsUsersSee(ns);
        return _isPrefix ? seen.StartsWith(_start, StringComparison.Ordinal) : seen == _start;
    }

    /// <summary>Whether it may name a collection of that database.</summary>
    public bool Reaches(string database)
    {
        var start = database + ".";
        return _isPrefix && start.StartsWith(_start, StringComparison.Ordinal)
            || _start.StartsWith(start, StringComparison.Ordinal);
    }

    /// <summary>Whether it names every namespace of that database.</summary>
    public bool HoldsAll(string database) => _isPrefix && (database + ".").StartsWith(_start, StringComparison.Ordinal);

    /// <summary>Whether whatever the other one names this one names too.</summary>
    public bool Covers(NamespacePattern other) =>
        _isPrefix
            ? other._start.StartsWith(_start, StringComparison.Ordinal)
            : !other._isPrefix && other._start == _start;

    public bool Equals(NamespacePattern? other) =>
        other is not null && other._start == _start && other._isPrefix == _isPrefix;

    public override bool Equals(object? obj) => Equals(obj as NamespacePattern);

    public override int GetHashCode() => HashCode.Combine(_start, _isPrefix);

    public override string ToString() => Text;

    private static string AsUsersSee(string ns)
    {
        var name = ns.IndexOf('.', StringComparison.Ordinal) + 1;
        return name > 0 && ns.AsSpan(name).StartsWith(Buckets, StringComparison.Ordinal)
            ? string.Concat(ns.AsSpan(0, name), ns.AsSpan(name + Buckets.Length))
            : ns;
    }
}

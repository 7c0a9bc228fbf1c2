using Backup.Foundation.Errors;

namespace Backup.Foundation;

/// <summary>
/// What a namespace is called when it is restored: <c>shop.orders=shop.orders_old</c>, <c>shop.*=shop2.*</c> (or <c>shop=shop2</c>),
/// <c>shop.a*=shop.b*</c>, <c>prod_*=test_*</c>. Both sides name one namespace, or both end with a star, which stands for the same rest.
/// </summary>
public sealed class NamespaceRename
{
    private readonly NamespacePattern _from;
    private readonly string _old;
    private readonly string _new;
    private readonly bool _isPrefix;

    private NamespaceRename(string text, NamespacePattern from, string old, string @new, bool isPrefix)
    {
        Text = text;
        (_from, _old, _new, _isPrefix) = (from, old, @new, isPrefix);
    }

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <exception cref="BackupException">1005 where a side is no namespace, 1008 where the sides do not go together.</exception>
    public static NamespaceRename Parse(string text)
    {
        var sides = text.Split('=');
        if (sides.Length != 2)
        {
            throw FoundationErrors.Rename(text);
        }

        var (from, to) = (NamespacePattern.Parse(sides[0]), NamespacePattern.Parse(sides[1]));
        var (old, isPrefix) = Start(sides[0]);
        var (@new, alsoPrefix) = Start(sides[1]);
        var isWholeName = old.Contains('.', StringComparison.Ordinal);
        return isPrefix == alsoPrefix && isWholeName == @new.Contains('.', StringComparison.Ordinal)
            ? new NamespaceRename(text, from, old, @new, isPrefix)
            : throw FoundationErrors.Rename($"{from}={to}");
    }

    /// <summary>The new name; null where it is not about this namespace.</summary>
    /// <param name="ns"><c>db.collection</c>, as users see it.</param>
    public string? Of(string ns) =>
        !_from.Matches(ns) ? null
        : _isPrefix ? string.Concat(_new, ns.AsSpan(_old.Length))
        : _new;

    /// <summary>What the first of these makes of a namespace; itself where none is about it.</summary>
    public static string Of(IReadOnlyList<NamespaceRename> renames, string ns) =>
        renames.Select(one => one.Of(ns)).FirstOrDefault(static name => name is not null) ?? ns;

    public override string ToString() => Text;

    /// <summary>What it begins with, and whether that is all of it.</summary>
    private static (string Start, bool IsPrefix) Start(string side) =>
        side.EndsWith('*') ? (side[..^1], true)
        : side.Contains('.', StringComparison.Ordinal) ? (side, false)
        : (side + ".", true);
}

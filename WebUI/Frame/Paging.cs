using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Backup.WebUI.Frame;

/// <summary>A part of a list.</summary>
/// <param name="Items">In the list's order.</param>
/// <param name="Next">For the parameter <c>after</c>; left out where this is the end.</param>
public sealed record PageOf<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>
/// Lists in parts: <c>?limit=1..200&amp;after=…</c>. What is added or removed meanwhile moves nothing: a part begins behind the item that the one before
/// ended with, or behind where that was.
/// </summary>
internal static class Paging
{
    public const int Default = 50;
    public const int Most = 200;

    /// <param name="all">In their order.</param>
    /// <param name="keyOf">Orders them as they are; unique.</param>
    /// <param name="comparer">The order of the keys.</param>
    /// <param name="query">Of the request.</param>
    public static PageOf<T> Page<T>(
        IReadOnlyList<T> all,
        Func<T, string> keyOf,
        IComparer<string> comparer,
        IQueryCollection query
    )
    {
        var (limit, after) = Read(query);
        var rest = after is null ? all : [.. all.SkipWhile(one => comparer.Compare(keyOf(one), after) <= 0)];
        List<T> items = [.. rest.Take(limit)];
        return new PageOf<T>(items, rest.Count > limit ? Encode(keyOf(items[^1])) : null);
    }

    /// <summary>What of a list is wanted.</summary>
    public static (int Limit, string? After) Read(IQueryCollection query)
    {
        var limit = Default;
        if (query.TryGetValue("limit", out var given))
        {
            if (
                !int.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out limit)
                || limit is < 1 or > Most
            )
            {
                throw WebUIErrors.Page("limit", $"a number of 1 to {Most}");
            }
        }

        return (limit, query.TryGetValue("after", out var after) ? Decode(after.ToString()) : null);
    }

    public static string Encode(string key) => WebEncoders.Base64UrlEncode(Encoding.UTF8.GetBytes(key));

    private static string Decode(string cursor)
    {
        try
        {
            var key = Encoding.UTF8.GetString(WebEncoders.Base64UrlDecode(cursor));
            return key.Length > 0 ? key : throw new FormatException();
        }
        catch (FormatException)
        {
            throw WebUIErrors.Page("after", "one that an answer gave");
        }
    }
}

/// <summary>Orders of keys.</summary>
internal static class KeyOrder
{
    public static readonly IComparer<string> Rising = StringComparer.Ordinal;
    public static readonly IComparer<string> Falling = Comparer<string>.Create(
        static (one, other) => string.CompareOrdinal(other, one)
    );
}

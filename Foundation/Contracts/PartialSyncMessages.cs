using System.Security.Cryptography;
using System.Text.Json;

namespace Backup.Foundation.Contracts;

/// <summary>
/// Which collections a sync copies; kept in the metadata too. Of the whole replica set: what the filter includes. Of a partial one: of these, what one of
/// the patterns names, or what the head does not hold yet.
/// </summary>
/// <param name="Namespaces">As <see cref="NamespacePattern"/> reads them; none of a whole replica set, or where a filter was widened.</param>
/// <param name="Wanted">The deployment's filter; null: everything.</param>
/// <param name="Held">Where a filter was widened those that the head was under: what all of them include is not copied again. Null else.</param>
public sealed record CopyOrder(
    IReadOnlyList<string> Namespaces,
    NamespaceFilter? Wanted = null,
    IReadOnlyList<NamespaceFilter>? Held = null
)
{
    /// <summary>Whether it makes up for a filter that was widened.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsWidening => Held is not null;

    /// <summary>Whether a collection of that name is to be copied.</summary>
    public Func<string, bool> Selector()
    {
        var patterns = Namespaces.Select(NamespacePattern.Parse).ToList();
        return ns =>
            CopiedNamespaces.Includes(ns)
            && Wanted?.Includes(ns) != false
            && (
                patterns.Exists(pattern => pattern.Matches(ns))
                || (Held is not null && !NamespaceFilters.Include(Held, ns))
            );
    }

    public bool Equals(CopyOrder? other) =>
        other is not null
        && Namespaces.SequenceEqual(other.Namespaces)
        && Equals(Wanted, other.Wanted)
        && (Held is null ? other.Held is null : other.Held is not null && Held.SequenceEqual(other.Held));

    public override int GetHashCode() => HashCode.Combine(Namespaces.Count, Wanted, Held?.Count);

    /// <summary>For people.</summary>
    public override string ToString() => IsWidening ? $"what is new in {Wanted}" : string.Join(", ", Namespaces);
}

/// <summary>The partial sync that is to be worked on.</summary>
/// <param name="SyncId">The server's id: its slices are sent like those of any sync.</param>
/// <param name="Order">What is copied.</param>
/// <param name="Position">How far it is; null where it is to be begun.</param>
public sealed record PartialSyncAnswer(string SyncId, CopyOrder Order, SyncPosition? Position);

/// <summary>A filter in a header: so that agent and server mean the same one.</summary>
public static class FilterText
{
    /// <returns>16 hex digits; of everything too.</returns>
    public static string Fingerprint(NamespaceFilter? filter) =>
        Convert.ToHexStringLower(
            SHA256.HashData(
                JsonSerializer.SerializeToUtf8Bytes(
                    filter ?? NamespaceFilter.Everything,
                    AgentJson.Default.NamespaceFilter
                )
            )
        )[..16];
}

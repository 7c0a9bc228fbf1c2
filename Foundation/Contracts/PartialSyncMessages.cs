namespace Backup.Foundation.Contracts;

/// <summary>
/// Which collections a partial sync copies, beside the sync whose oplog is followed: those that any of the patterns names, as
/// <see cref="NamespacePattern"/> reads them. Kept in the metadata too.
/// </summary>
public sealed record CopyOrder(IReadOnlyList<string> Namespaces)
{
    /// <summary>Whether a collection of that name is to be copied.</summary>
    public Func<string, bool> Selector()
    {
        var patterns = Namespaces.Select(NamespacePattern.Parse).ToList();
        return ns => CopiedNamespaces.Includes(ns) && patterns.Exists(pattern => pattern.Matches(ns));
    }
}

/// <summary>The partial sync that is to be worked on.</summary>
/// <param name="SyncId">The server's id: its slices are sent like those of any sync.</param>
/// <param name="Order">What is copied.</param>
/// <param name="Position">How far it is; null where it is to be begun.</param>
public sealed record PartialSyncAnswer(string SyncId, CopyOrder Order, SyncPosition? Position);

using Backup.Foundation;
using Backup.Metadata;

namespace Backup.Daemon.Heads;

/// <summary>What a timeline tells of a partial sync that a head took over.</summary>
internal static class PartialSyncEvents
{
    /// <param name="at">The snapshot taken right after.</param>
    /// <param name="sync">Which.</param>
    /// <param name="taken">The namespaces whose documents were replaced.</param>
    internal static IReadOnlyList<TimelineEvent> Of(SnapshotRecord at, SyncRecord sync, IReadOnlyList<string> taken)
    {
        var copied = taken
            .Order(StringComparer.Ordinal)
            .Select(ns =>
                Event(
                    TimelineEventKind.Copied,
                    ns,
                    $"It was copied anew between {sync.Begin} and {sync.End}; moments before this one hold what was followed until then."
                )
            );
        var missing = sync.Order!.Namespaces.Where(text => !taken.Any(NamespacePattern.Parse(text).Matches))
            .Select(text =>
                Event(
                    TimelineEventKind.NotFound,
                    text,
                    "A fresh copy was asked for, and the source has no such collection."
                )
            );
        return [.. copied, .. missing];

        TimelineEvent Event(TimelineEventKind kind, string ns, string text) =>
            new(at.ReplicaSetId, at.SyncId, at.Optime, kind, ns, text, at.CreatedAt);
    }
}

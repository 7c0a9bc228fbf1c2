namespace Backup.Metadata;

/// <summary>What somebody wants of a snapshot beside the policy; what is null stays as it is.</summary>
/// <param name="Pinned">Whether it is kept until it is unpinned.</param>
/// <param name="End">Its own end.</param>
public sealed record KeepingChange(bool? Pinned = null, SnapshotEnd? End = null)
{
    /// <summary>What comes out of it; one that is pinned already stays so since when it is.</summary>
    internal (DateTimeOffset? PinnedAt, DateTimeOffset? ExpiresAt) Of(
        DateTimeOffset? pinnedAt,
        DateTimeOffset? expiresAt,
        DateTimeOffset now
    )
    {
        var pinned = Pinned switch
        {
            null => pinnedAt,
            true => pinnedAt ?? now,
            false => null,
        };
        return (pinned, End is { } end ? end.At : expiresAt);
    }
}

/// <summary>A snapshot's own end.</summary>
/// <param name="At">Kept until then, gone after it; null: the policy decides again.</param>
public sealed record SnapshotEnd(DateTimeOffset? At);

namespace Backup.Metadata.People;

/// <summary>Tokens of the API: each is a group's, with a role in it.</summary>
public interface IApiTokens
{
    /// <summary>How long one that is over is still listed; then it goes when the next one is added.</summary>
    static readonly TimeSpan Kept = TimeSpan.FromDays(90);

    /// <summary>6008 where there is no such group. Those that were over for <see cref="Kept"/> when it was made go in the same step.</summary>
    Task AddAsync(ApiTokenRecord token, CancellationToken cancellation = default);

    /// <summary>The token with that secret in whatever state it is; null where there never was one.</summary>
    Task<ApiTokenRecord?> FindAsync(byte[] secretHash, CancellationToken cancellation = default);

    /// <summary>Those of the group, newest first; those that are over too.</summary>
    Task<IReadOnlyList<ApiTokenRecord>> ListAsync(string groupId, CancellationToken cancellation = default);

    /// <summary>Good for nothing from now on. 6009 where the group has none of that id; nothing happens where it was revoked before.</summary>
    Task RevokeAsync(string groupId, string id, DateTimeOffset now, CancellationToken cancellation = default);

    /// <summary>It was used then; an earlier time than the one known changes nothing, nor does a token that is not there.</summary>
    Task UsedAsync(string id, DateTimeOffset at, CancellationToken cancellation = default);
}

/// <summary>A token of the API.</summary>
/// <param name="Id">Ours; no secret.</param>
/// <param name="SecretHash">SHA-256 of its text.</param>
/// <param name="GroupId">What it opens.</param>
/// <param name="Role">What it may do there.</param>
/// <param name="Name">What it is for, as its maker wrote it.</param>
/// <param name="CreatedBy">Who made it, for people.</param>
/// <param name="CreatedAt">When.</param>
/// <param name="ExpiresAt">Good before; null: for ever.</param>
/// <param name="LastUsedAt">To about a minute; null while it was not used.</param>
/// <param name="RevokedAt">From then on it is refused; null where it was not revoked.</param>
public sealed record ApiTokenRecord(
    string Id,
    byte[] SecretHash,
    string GroupId,
    GroupRole Role,
    string Name,
    string CreatedBy,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset? LastUsedAt = null,
    DateTimeOffset? RevokedAt = null
)
{
    public bool IsGood(DateTimeOffset now) => RevokedAt is null && !(now >= ExpiresAt);
}

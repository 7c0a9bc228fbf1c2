namespace Backup.Metadata.People;

/// <summary>One-time rights to become a member of a group, for somebody with that e-mail address.</summary>
public interface IInvitations
{
    /// <summary>How long one that is over is still known; then it goes when the next one is added.</summary>
    static readonly TimeSpan Kept = TimeSpan.FromDays(90);

    /// <summary>6008 where there is no such group. Those that were over for <see cref="Kept"/> when it was made go in the same step.</summary>
    Task AddAsync(InvitationRecord invitation, CancellationToken cancellation = default);

    /// <summary>The invitation with that secret in whatever state it is; null where there never was one.</summary>
    Task<InvitationRecord?> FindAsync(byte[] secretHash, CancellationToken cancellation = default);

    /// <summary>Those of the group that are good at that time, newest first.</summary>
    Task<IReadOnlyList<InvitationRecord>> OpenAsync(
        string groupId,
        DateTimeOffset now,
        CancellationToken cancellation = default
    );

    /// <summary>Good for nothing from now on. 6009 where the group has none of that id; nothing happens where it was over before.</summary>
    Task RevokeAsync(string groupId, string id, DateTimeOffset now, CancellationToken cancellation = default);

    /// <summary>
    /// Uses it up: the user is a member then, in one step. One who was a member before stays what they were. 6103 where the invitation is unknown,
    /// used, revoked or expired, or is for another address.
    /// </summary>
    /// <param name="secretHash">SHA-256 of its secret.</param>
    /// <param name="user">Who accepts. Where there is no user of that id they are added: 6100 where another one has that address.</param>
    /// <param name="now">The time.</param>
    /// <param name="cancellation">Gives up.</param>
    Task AcceptAsync(byte[] secretHash, UserRecord user, DateTimeOffset now, CancellationToken cancellation = default);
}

/// <summary>An invitation.</summary>
/// <param name="Id">Ours; no secret.</param>
/// <param name="SecretHash">SHA-256 of its secret.</param>
/// <param name="GroupId">Into which group.</param>
/// <param name="Role">As what.</param>
/// <param name="Email">For whom.</param>
/// <param name="InvitedBy">Who did it, for people.</param>
/// <param name="CreatedAt">When.</param>
/// <param name="ExpiresAt">Good before.</param>
/// <param name="EndedAt">When it was used or revoked; null while it was neither.</param>
public sealed record InvitationRecord(
    string Id,
    byte[] SecretHash,
    string GroupId,
    GroupRole Role,
    string Email,
    string InvitedBy,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt,
    DateTimeOffset? EndedAt = null
)
{
    public bool IsOpen(DateTimeOffset now) => EndedAt is null && now < ExpiresAt;
}

namespace Backup.Metadata.People;

/// <summary>Sessions of browsers. One that ended is gone.</summary>
public interface ISessions
{
    /// <summary>6008 where there is no such user.</summary>
    Task AddAsync(SessionRecord session, CancellationToken cancellation = default);

    /// <summary>The session with that secret, and whose it is; null where there is none.</summary>
    Task<SessionHolder?> FindAsync(byte[] secretHash, CancellationToken cancellation = default);

    /// <summary>Those of the user, the one that was used last first.</summary>
    Task<IReadOnlyList<SessionRecord>> ListAsync(string userId, CancellationToken cancellation = default);

    /// <summary>It was used then, from there; an earlier time than the one known changes nothing, nor does a session that has ended.</summary>
    Task SeenAsync(string id, DateTimeOffset at, string address, CancellationToken cancellation = default);

    /// <summary>The user proved anew who they are. False where the session has ended.</summary>
    Task<bool> ConfirmAsync(string id, DateTimeOffset at, CancellationToken cancellation = default);

    /// <summary>False where the user has no session of that id.</summary>
    Task<bool> EndAsync(string userId, string id, CancellationToken cancellation = default);

    /// <summary>All of the user but the one that is named. Gives how many.</summary>
    Task<int> EndAllAsync(string userId, string? kept, CancellationToken cancellation = default);

    /// <summary>Removes those that were over by then, or not used since. Gives how many.</summary>
    Task<int> RemoveExpiredAsync(
        DateTimeOffset now,
        DateTimeOffset idleSince,
        CancellationToken cancellation = default
    );
}

/// <summary>A session.</summary>
/// <param name="Id">Ours; no secret.</param>
/// <param name="SecretHash">SHA-256 of what the browser has.</param>
/// <param name="UserId">Whose.</param>
/// <param name="CreatedAt">When they logged in.</param>
/// <param name="LastSeenAt">To about a minute.</param>
/// <param name="ConfirmedAt">When they last proved who they are; null where they did not since the log-in.</param>
/// <param name="Address">Where it was last used from.</param>
/// <param name="UserAgent">What the browser says it is.</param>
/// <param name="ExpiresAt">Over then, used or not.</param>
public sealed record SessionRecord(
    string Id,
    byte[] SecretHash,
    string UserId,
    DateTimeOffset CreatedAt,
    DateTimeOffset LastSeenAt,
    DateTimeOffset? ConfirmedAt,
    string Address,
    string UserAgent,
    DateTimeOffset ExpiresAt
);

/// <summary>A session and whose it is.</summary>
public sealed record SessionHolder(SessionRecord Session, UserRecord User);

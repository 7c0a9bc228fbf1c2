namespace Backup.Metadata.People;

/// <summary>The users, their passwords and their lock-out.</summary>
public interface IUsers
{
    /// <summary>Whether there is one at all; where there is none, the first run is still to come.</summary>
    Task<bool> AnyAsync(CancellationToken cancellation = default);

    /// <summary>By name, then e-mail; those that are disabled too.</summary>
    Task<IReadOnlyList<UserRecord>> ListAsync(CancellationToken cancellation = default);

    Task<UserRecord?> FindAsync(string id, CancellationToken cancellation = default);

    /// <summary>The user with that address, upper and lower case alike.</summary>
    Task<UserRecord?> FindByEmailAsync(string email, CancellationToken cancellation = default);

    /// <summary>Adds a user. 6100 where another one has that address.</summary>
    Task AddAsync(UserRecord user, CancellationToken cancellation = default);

    /// <summary>The set-up token is that one from now on; the one before it is good for nothing.</summary>
    Task SetSetupTokenAsync(byte[] hash, CancellationToken cancellation = default);

    /// <summary>
    /// Uses up the set-up token and adds the first user, as owner of the group, in one step. 6104 where there is a user already or the token is
    /// another one.
    /// </summary>
    Task AddFirstAsync(UserRecord user, string groupId, byte[] setupToken, CancellationToken cancellation = default);

    Task SetNameAsync(string userId, string name, CancellationToken cancellation = default);

    /// <summary>6102 where nobody who may log in would be left to administrate the appliance.</summary>
    Task SetAdministratorAsync(string userId, bool administrator, CancellationToken cancellation = default);

    /// <summary>
    /// Lets nobody in as this user any more and ends all their sessions; null lets them in again. 6102 where nobody who may log in would be left to
    /// administrate the appliance.
    /// </summary>
    Task SetDisabledAsync(string userId, DateTimeOffset? at, CancellationToken cancellation = default);

    /// <summary>A new password: all sessions of the user end but the one that is named, and so does a lock-out.</summary>
    /// <param name="userId">6009 where there is none.</param>
    /// <param name="passwordHash">As Foundation's PasswordHash makes it.</param>
    /// <param name="mustChange">They have to choose another one before they do anything else.</param>
    /// <param name="keptSession">The id of a session that stays; null where none does.</param>
    /// <param name="cancellation">Gives up.</param>
    Task SetPasswordAsync(
        string userId,
        string passwordHash,
        bool mustChange,
        string? keptSession,
        CancellationToken cancellation = default
    );

    /// <summary>The same password under a stronger hash. Nothing happens where the stored one is not <paramref name="old"/> any more.</summary>
    Task RehashAsync(string userId, string old, string stronger, CancellationToken cancellation = default);

    /// <summary>
    /// Counts a try to log in before it is looked at, in one step: tries at the same time, or a process that is killed, win nothing. With the n-th in a
    /// row from <see cref="LockOutRule.After"/> on the user is locked out; while they are, nothing is counted.
    /// </summary>
    /// <returns>Null where the password may be looked at; else until when nobody is let in.</returns>
    Task<DateTimeOffset?> BeginTryAsync(
        string userId,
        LockOutRule rule,
        DateTimeOffset now,
        CancellationToken cancellation = default
    );

    /// <summary>The try was good: none is counted any more, and no lock-out is left.</summary>
    Task GoodTryAsync(string userId, DateTimeOffset now, CancellationToken cancellation = default);

    /// <summary>Ends a lock-out before its time.</summary>
    Task UnlockAsync(string userId, CancellationToken cancellation = default);
}

/// <summary>How long a user waits after wrong passwords.</summary>
/// <param name="After">With that wrong one in a row the first wait begins; 1 or more.</param>
/// <param name="First">The first wait; each further wrong one doubles it.</param>
/// <param name="Most">No wait is longer.</param>
public sealed record LockOutRule(int After, TimeSpan First, TimeSpan Most)
{
    /// <summary>After five a minute, then two, four, eight, and fifteen from there on.</summary>
    public static readonly LockOutRule Default = new(5, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(15));

    /// <summary>The wait that begins with that wrong one in a row; none before <see cref="After"/>.</summary>
    public TimeSpan Wait(int failures)
    {
        var doublings = failures - After;
        return doublings < 0 ? TimeSpan.Zero
            : doublings > 30 || First * Math.Pow(2, doublings) >= Most ? Most
            : First * Math.Pow(2, doublings);
    }
}

/// <summary>Somebody who may log in.</summary>
/// <param name="Id">Ours.</param>
/// <param name="Email">As they wrote it; unique, upper and lower case alike.</param>
/// <param name="Name">As they want to be called.</param>
/// <param name="PasswordHash">As Foundation's PasswordHash makes it.</param>
/// <param name="IsAdministrator">May do what concerns the appliance as a whole.</param>
/// <param name="CreatedAt">When they were added.</param>
public sealed record UserRecord(
    string Id,
    string Email,
    string Name,
    string PasswordHash,
    bool IsAdministrator,
    DateTimeOffset CreatedAt
)
{
    /// <summary>They have to choose another password before they do anything else.</summary>
    public bool MustChange { get; init; }

    /// <summary>Of their authenticator application, sealed; null where they have none.</summary>
    public byte[]? SealedTotp { get; init; }

    /// <summary>The last step of which a code was used.</summary>
    public long? TotpLastStep { get; init; }

    /// <summary>One that they have not confirmed yet, sealed.</summary>
    public byte[]? SealedTotpOffer { get; init; }

    /// <summary>Tries in a row that were not good.</summary>
    public int FailedTries { get; init; }

    /// <summary>Nobody is let in as them before; null where they are not locked out.</summary>
    public DateTimeOffset? LockedUntil { get; init; }

    /// <summary>The last good try.</summary>
    public DateTimeOffset? LastLoginAt { get; init; }

    /// <summary>From then on nobody is let in as them; null while they are.</summary>
    public DateTimeOffset? DisabledAt { get; init; }

    public bool HasTwoFactor => SealedTotp is not null;

    /// <summary>The same for all ways to write one address.</summary>
    public static string Fold(string email) => email.Trim().ToLowerInvariant();
}

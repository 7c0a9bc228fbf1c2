using Backup.Metadata.People;

namespace Backup.Metadata.Mongo.Collections;

/// <summary>Who may use the appliance, and what each proves themself with.</summary>
internal static class PeopleCollections
{
    /// <summary>The address as all ways to write it have it: a field beside those of a <see cref="UserRecord"/>.</summary>
    internal const string EmailFolded = "emailFolded";

    internal static readonly Collection<UserRecord> Users = new(
        "users",
        nameof(UserRecord.Id),
        [EmailFolded],
        new Index("emailFolded", EmailFolded) { Unique = true }
    );

    /// <summary>One document, while there is no user.</summary>
    internal static readonly Collection<SetupToken> SetupTokens = new("setupTokens", nameof(SetupToken.Id));

    internal static readonly Collection<RecoveryCode> RecoveryCodes = new(
        "recoveryCodes",
        null,
        null,
        new Index("userId_codeHash", "userId", "codeHash") { Unique = true }
    );

    internal static readonly Collection<Membership> Memberships = new(
        "memberships",
        null,
        null,
        new Index("groupId_userId", "groupId", "userId") { Unique = true },
        new Index("userId", "userId")
    );

    internal static readonly Collection<InvitationRecord> Invitations = new(
        "invitations",
        nameof(InvitationRecord.Id),
        null,
        new Index("secretHash", "secretHash") { Unique = true },
        new Index("groupId", "groupId")
    );

    internal static readonly Collection<SessionRecord> Sessions = new(
        "sessions",
        nameof(SessionRecord.Id),
        null,
        new Index("secretHash", "secretHash") { Unique = true },
        new Index("userId", "userId")
    );

    internal static readonly Collection<ApiTokenRecord> Tokens = new(
        "apiTokens",
        nameof(ApiTokenRecord.Id),
        null,
        new Index("secretHash", "secretHash") { Unique = true },
        new Index("groupId", "groupId")
    );

    internal static readonly IReadOnlyList<Collection> All =
    [
        Users,
        SetupTokens,
        RecoveryCodes,
        Memberships,
        Invitations,
        Sessions,
        Tokens,
    ];
}

/// <param name="Id">Always <see cref="Only"/>.</param>
/// <param name="SecretHash">SHA-256 of the token.</param>
internal sealed record SetupToken(string Id, byte[] SecretHash)
{
    internal const string Only = "setup";
}

/// <param name="UserId">Whose.</param>
/// <param name="CodeHash">Of the code.</param>
/// <param name="UsedAt">Null while it is good.</param>
internal sealed record RecoveryCode(string UserId, byte[] CodeHash, DateTimeOffset? UsedAt);

/// <param name="GroupId">Where.</param>
/// <param name="UserId">Who.</param>
/// <param name="Role">As what.</param>
/// <param name="Since">A change of the role does not change it.</param>
internal sealed record Membership(string GroupId, string UserId, GroupRole Role, DateTimeOffset Since);

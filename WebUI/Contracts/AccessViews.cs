using Backup.Metadata.People;

namespace Backup.WebUI.Contracts;

/// <param name="Needed">There is no user yet: the first one is made with the set-up token.</param>
public sealed record SetupView(bool Needed);

/// <param name="Token">As <c>backup up</c> printed it, <c>bkp_…</c>.</param>
/// <param name="Email">To log in with.</param>
/// <param name="Name">To be called by.</param>
/// <param name="Password">12 to 256 characters.</param>
public sealed record SetupRequest(string Token, string Email, string Name, string Password);

/// <param name="Email">Upper and lower case alike.</param>
/// <param name="Password">As it was chosen.</param>
/// <param name="Code">Of the second factor, or a recovery code; left out where there is none.</param>
public sealed record LogInRequest(string Email, string Password, string? Code);

/// <param name="Password">Of the user whose session it is.</param>
/// <param name="Code">As in <see cref="LogInRequest"/>.</param>
public sealed record ConfirmRequest(string Password, string? Code);

/// <summary>Who is logged in, and what they may do.</summary>
/// <param name="User">Who.</param>
/// <param name="Groups">Where they are a member, by name.</param>
/// <param name="ReauthenticatedUntil">Until then the password is not asked for again; left out where it is.</param>
/// <param name="ExpiresAt">When the session is over unless it is used.</param>
public sealed record SessionView(
    AccountView User,
    IReadOnlyList<GroupView> Groups,
    DateTimeOffset? ReauthenticatedUntil,
    DateTimeOffset ExpiresAt
);

/// <param name="Id">Ours.</param>
/// <param name="Email">To log in with.</param>
/// <param name="Name">To be called by.</param>
/// <param name="Administrator">Of the appliance as a whole.</param>
/// <param name="TwoFactor">A code is asked for with the password.</param>
/// <param name="MustChangePassword">Nothing else is possible before.</param>
/// <param name="RecoveryCodesLeft">Left out where there is no second factor.</param>
public sealed record AccountView(
    string Id,
    string Email,
    string Name,
    bool Administrator,
    bool TwoFactor,
    bool MustChangePassword,
    int? RecoveryCodesLeft
);

/// <param name="Id">In the paths of the API.</param>
/// <param name="Name">As people call it.</param>
/// <param name="Role">Of the caller; left out where they have none there.</param>
/// <param name="Permissions">That the role has.</param>
public sealed record GroupView(string Id, string Name, GroupRole? Role, IReadOnlyList<string> Permissions);

/// <param name="Id">No secret.</param>
/// <param name="Current">The one that asks.</param>
/// <param name="Address">Where it was last used from.</param>
/// <param name="UserAgent">What the browser says it is.</param>
/// <param name="CreatedAt">When it was logged in.</param>
/// <param name="LastSeenAt">To about a minute.</param>
/// <param name="ExpiresAt">When it is over unless it is used.</param>
public sealed record SessionEntryView(
    string Id,
    bool Current,
    string Address,
    string UserAgent,
    DateTimeOffset CreatedAt,
    DateTimeOffset LastSeenAt,
    DateTimeOffset ExpiresAt
);

/// <param name="Current">The one that is in use.</param>
/// <param name="New">12 to 256 characters.</param>
public sealed record PasswordChange(string Current, string New);

/// <param name="Secret">To be typed into the authenticator application.</param>
/// <param name="Uri">The same for a QR code.</param>
public sealed record TwoFactorOfferView(string Secret, string Uri);

/// <param name="Code">That the application shows.</param>
public sealed record TwoFactorRequest(string Code);

/// <param name="RecoveryCodes">Each is good once; they are shown this once.</param>
public sealed record RecoveryCodesView(IReadOnlyList<string> RecoveryCodes);

/// <param name="Name">1 to 100 characters.</param>
public sealed record GroupRequest(string Name);

/// <param name="Name">1 to 100 characters.</param>
/// <param name="Tags">What its block store must have; left out: nothing.</param>
public sealed record NewGroupRequest(string Name, IReadOnlyList<string>? Tags);

/// <param name="Id">Of the user.</param>
/// <param name="Email">To log in with.</param>
/// <param name="Name">To be called by.</param>
/// <param name="Role">In this group.</param>
/// <param name="Since">When they became a member.</param>
/// <param name="TwoFactor">Whether a code is asked of them too.</param>
/// <param name="LastLoginAt">Left out where they never did.</param>
/// <param name="Disabled">They are not let in.</param>
public sealed record MemberView(
    string Id,
    string Email,
    string Name,
    GroupRole Role,
    DateTimeOffset Since,
    bool TwoFactor,
    DateTimeOffset? LastLoginAt,
    bool Disabled
);

/// <param name="Role">In the group.</param>
public sealed record RoleRequest(GroupRole Role);

/// <param name="Email">Whom it is for.</param>
/// <param name="Role">What they will be.</param>
public sealed record InvitationRequest(string Email, GroupRole Role);

/// <param name="Id">No secret.</param>
/// <param name="Email">Whom it is for.</param>
/// <param name="Role">What they will be.</param>
/// <param name="InvitedBy">Who made it.</param>
/// <param name="CreatedAt">When.</param>
/// <param name="ExpiresAt">Good before.</param>
/// <param name="Url">To be sent to them; shown once.</param>
public sealed record InvitationView(
    string Id,
    string Email,
    GroupRole Role,
    string InvitedBy,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt,
    string? Url
);

/// <summary>What somebody sees who was invited.</summary>
/// <param name="Group">Its name.</param>
/// <param name="Email">Whom it is for.</param>
/// <param name="Role">What they will be.</param>
/// <param name="HasAccount">They log in; else they make an account.</param>
/// <param name="ExpiresAt">Good before.</param>
public sealed record InvitedView(string Group, string Email, GroupRole Role, bool HasAccount, DateTimeOffset ExpiresAt);

/// <summary>Of somebody who has no account; one who has sends nothing, and is logged in.</summary>
/// <param name="Name">To be called by.</param>
/// <param name="Password">12 to 256 characters.</param>
public sealed record AcceptRequest(string? Name, string? Password);

/// <param name="Name">What it is for.</param>
/// <param name="Role">What it may do in the group.</param>
/// <param name="ExpiresAt">Good before; left out: for ever.</param>
public sealed record ApiTokenRequest(string Name, GroupRole Role, DateTimeOffset? ExpiresAt);

/// <param name="Id">No secret.</param>
/// <param name="Name">What it is for.</param>
/// <param name="Role">What it may do in the group.</param>
/// <param name="State"><c>valid</c>, <c>expired</c> or <c>revoked</c>.</param>
/// <param name="CreatedBy">Who made it.</param>
/// <param name="CreatedAt">When.</param>
/// <param name="ExpiresAt">Left out where it does not.</param>
/// <param name="LastUsedAt">To about a minute; left out where it was not.</param>
/// <param name="RevokedAt">Left out where it was not.</param>
/// <param name="Token">Shown once, when it is made.</param>
public sealed record ApiTokenView(
    string Id,
    string Name,
    GroupRole Role,
    string State,
    string CreatedBy,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset? LastUsedAt,
    DateTimeOffset? RevokedAt,
    string? Token
);

/// <summary>An account, as administrators of the appliance see it.</summary>
/// <param name="Id">Of the user.</param>
/// <param name="Email">To log in with.</param>
/// <param name="Name">To be called by.</param>
/// <param name="Administrator">Of the appliance as a whole.</param>
/// <param name="TwoFactor">A code is asked of them too.</param>
/// <param name="Disabled">They are not let in.</param>
/// <param name="LockedUntil">After wrong passwords; left out where they are not locked out.</param>
/// <param name="CreatedAt">When they were added.</param>
/// <param name="LastLoginAt">Left out where they never did.</param>
public sealed record UserView(
    string Id,
    string Email,
    string Name,
    bool Administrator,
    bool TwoFactor,
    bool Disabled,
    DateTimeOffset? LockedUntil,
    DateTimeOffset CreatedAt,
    DateTimeOffset? LastLoginAt
);

/// <summary>What is left out stays.</summary>
/// <param name="Administrator">Of the appliance as a whole.</param>
/// <param name="Disabled">They are not let in, and their sessions end.</param>
/// <param name="Locked">False ends a lock-out.</param>
/// <param name="TwoFactor">False removes it, for somebody who lost phone and recovery codes.</param>
public sealed record UserChange(bool? Administrator, bool? Disabled, bool? Locked, bool? TwoFactor);

/// <summary>An account that the owner of the host makes.</summary>
/// <param name="Email">To log in with.</param>
/// <param name="Name">To be called by.</param>
/// <param name="Password">12 to 256 characters.</param>
/// <param name="Role">In the first group.</param>
/// <param name="Administrator">Of the appliance as a whole.</param>
/// <param name="Temporary">They have to choose another password before they do anything else.</param>
public sealed record PersonRequest(
    string Email,
    string Name,
    string Password,
    GroupRole Role,
    bool Administrator,
    bool Temporary
);

/// <param name="Password">12 to 256 characters.</param>
/// <param name="Temporary">They have to choose another one before they do anything else.</param>
public sealed record NewPasswordRequest(string Password, bool Temporary);

/// <param name="Token">For the first run; those before it are good for nothing.</param>
public sealed record SetupTokenView(string Token);

using Backup.Metadata;
using Backup.Metadata.People;

namespace Backup.WebUI.Access;

/// <summary>Writes down what is done, or refused, before anybody is known to be the caller: log-ins, the set-up, invitations.</summary>
internal sealed class AccessAudit(IAudit audit, TimeProvider time)
{
    /// <summary>As audit records name a user.</summary>
    public static string NameOf(UserRecord user) => $"user {user.Email}";

    /// <summary>Also where nobody waits any more: it was done, or tried.</summary>
    /// <param name="user">Null where it is nobody who is known; what they typed is kept nowhere, since it may be a password.</param>
    public Task AddAsync(
        UserRecord? user,
        Origin origin,
        string action,
        string subject,
        string outcome,
        string? code = null,
        string? groupId = null
    ) =>
        audit.AddAsync(
            new AuditRecord(
                time.GetUtcNow(),
                user is null ? "nobody" : NameOf(user),
                origin.AddressText,
                action,
                subject,
                outcome
            )
            {
                Code = code,
                GroupId = groupId,
            },
            CancellationToken.None
        );
}

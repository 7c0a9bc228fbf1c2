using Backup.Metadata.People;
using Backup.WebUI.Contracts;

namespace Backup.WebUI.Access;

/// <summary>What administrators do with accounts, over the API and on the host.</summary>
public static class UserChanges
{
    /// <summary>What is left out stays.</summary>
    /// <exception cref="Foundation.Errors.BackupException">6102, 8526.</exception>
    public static async Task ApplyAsync(
        IPeople people,
        UserRecord user,
        UserChange change,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        if (change.Locked is true)
        {
            throw WebUIErrors.Value("locked", "false");
        }

        if (change.TwoFactor is true)
        {
            throw WebUIErrors.Value("twoFactor", "false");
        }

        if (change.Administrator is { } administrator)
        {
            await people.Users.SetAdministratorAsync(user.Id, administrator, cancellation);
        }

        if (change.Disabled is { } disabled)
        {
            await people.Users.SetDisabledAsync(user.Id, disabled ? time.GetUtcNow() : null, cancellation);
        }

        if (change.Locked is false)
        {
            await people.Users.UnlockAsync(user.Id, cancellation);
        }

        if (change.TwoFactor is false)
        {
            await people.SecondFactors.RemoveAsync(user.Id, cancellation);
        }
    }

    /// <summary>For the audit.</summary>
    public static string TextOf(UserChange change)
    {
        (string Name, bool? Value)[] all =
        [
            ("administrator", change.Administrator),
            ("disabled", change.Disabled),
            ("locked", change.Locked),
            ("two-factor", change.TwoFactor),
        ];
        return string.Join(
            ", ",
            all.Where(static one => one.Value is not null)
                .Select(static one => $"{one.Name} {(one.Value is true ? "on" : "off")}")
        );
    }

    public static UserView ViewOf(UserRecord user, DateTimeOffset now) =>
        new(
            user.Id,
            user.Email,
            user.Name,
            user.IsAdministrator,
            user.HasTwoFactor,
            user.DisabledAt is not null,
            user.LockedUntil > now ? user.LockedUntil : null,
            user.CreatedAt,
            user.LastLoginAt
        );
}

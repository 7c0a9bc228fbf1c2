using Backup.Foundation.Errors;
using Backup.Foundation.Secrets;
using Backup.Metadata;
using Backup.Metadata.People;

namespace Backup.WebUI.Access;

/// <summary>
/// Finds out whether somebody is who they say: by password, and by the code of the second factor where there is one. Every try is counted before it is
/// looked at, and every refusal is written to the audit.
/// </summary>
internal sealed class LogInService(
    IPeople people,
    Passwords passwords,
    Func<SecretBox> box,
    AccessAudit audit,
    AccessSettings settings,
    TimeProvider time
)
{
    private const string LogInAction = "session.create";
    private const string ConfirmAction = "session.confirm";

    private readonly AddressLimits _limits = new(settings, time);
    private readonly Strangers _strangers = new(settings.LockOut, time);

    /// <exception cref="BackupException">8516, 8520 to 8524.</exception>
    public async Task<UserRecord> LogInAsync(
        string email,
        string password,
        string? code,
        Origin origin,
        CancellationToken cancellation
    )
    {
        var user = await people.Users.FindByEmailAsync(email, cancellation);
        await TakeAsync(user, origin, LogInAction);
        try
        {
            if (user is null)
            {
                await RefuseStrangerAsync(email, password, cancellation);
            }

            await ProvePasswordAsync(user!, password, WebUIErrors.WrongPasswordOrEmail, cancellation);
            await ProveSecondAsync(user!, code);
        }
        catch (BackupException refused) when (IsRefusal(refused))
        {
            await audit.AddAsync(user, origin, LogInAction, "", AuditOutcomes.Refused, refused.Code);
            throw;
        }

        await GoodAsync(user!, password, origin, cancellation);
        await audit.AddAsync(user, origin, LogInAction, "", AuditOutcomes.Ok);
        return user!;
    }

    /// <summary>The same of somebody whose session it is.</summary>
    /// <exception cref="BackupException">8516, 8521 to 8523, 8528.</exception>
    public Task ConfirmAsync(
        UserRecord user,
        string password,
        string? code,
        Origin origin,
        CancellationToken cancellation
    ) =>
        ConfirmAsync(
            user,
            password,
            origin,
            async () =>
            {
                await ProvePasswordAsync(user, password, () => WebUIErrors.NotYourPassword("password"), cancellation);
                await ProveSecondAsync(user, code);
            },
            cancellation
        );

    /// <summary>The same without the second factor.</summary>
    /// <param name="field">Of the request, that has the password.</param>
    /// <exception cref="BackupException">8516, 8521, 8528.</exception>
    public Task ConfirmPasswordAsync(
        UserRecord user,
        string password,
        string field,
        Origin origin,
        CancellationToken cancellation
    ) =>
        ConfirmAsync(
            user,
            password,
            origin,
            () => ProvePasswordAsync(user, password, () => WebUIErrors.NotYourPassword(field), cancellation),
            cancellation
        );

    /// <summary>Takes a try of the address; good for whatever is costly and open to strangers.</summary>
    /// <exception cref="BackupException">8516.</exception>
    public async Task TakeAsync(UserRecord? user, Origin origin, string action)
    {
        if (_limits.Take(origin.Address) is not { } wait)
        {
            return;
        }

        var refused = WebUIErrors.Slower((int)Math.Ceiling(wait.TotalSeconds));
        if (_limits.IsNews(origin.Address))
        {
            await audit.AddAsync(user, origin, action, "more tries from there", AuditOutcomes.Refused, refused.Code);
        }

        throw refused;
    }

    /// <summary>What <see cref="TakeAsync"/> took: it was good.</summary>
    public void GiveBack(Origin origin) => _limits.GiveBack(origin.Address);

    /// <summary>As long as with somebody, and the same answers.</summary>
    private async Task RefuseStrangerAsync(string email, string password, CancellationToken cancellation)
    {
        if (_strangers.BeginTry(email) is { } until)
        {
            throw WebUIErrors.Locked(until - time.GetUtcNow());
        }

        _ = await passwords.MatchesAsync(stored: null, password, cancellation);
        throw WebUIErrors.WrongPasswordOrEmail();
    }

    private async Task ConfirmAsync(
        UserRecord user,
        string password,
        Origin origin,
        Func<Task> prove,
        CancellationToken cancellation
    )
    {
        await TakeAsync(user, origin, ConfirmAction);
        try
        {
            await prove();
        }
        catch (BackupException refused) when (IsRefusal(refused))
        {
            await audit.AddAsync(user, origin, ConfirmAction, "", AuditOutcomes.Refused, refused.Code);
            throw;
        }

        await GoodAsync(user, password, origin, cancellation);
    }

    /// <summary>A missing code is the way of every log-in with a second factor, and a full queue is nobody's fault.</summary>
    private static bool IsRefusal(BackupException failure) =>
        failure.Number is not (WebUIErrors.SecondFactorNeeded or WebUIErrors.TooMany);

    private async Task ProvePasswordAsync(
        UserRecord user,
        string password,
        Func<BackupException> wrong,
        CancellationToken cancellation
    )
    {
        var now = time.GetUtcNow();
        if (await people.Users.BeginTryAsync(user.Id, settings.LockOut, now, cancellation) is { } until)
        {
            throw WebUIErrors.Locked(until - now);
        }

        // From here on it counts, whether or not the client waits for the answer.
        if (!await passwords.MatchesAsync(user.PasswordHash, password, CancellationToken.None))
        {
            throw wrong();
        }

        if (user.DisabledAt is not null)
        {
            throw WebUIErrors.Disabled();
        }
    }

    private async Task ProveSecondAsync(UserRecord user, string? code)
    {
        if (user.SealedTotp is not { } sealedSecret)
        {
            return;
        }

        if (string.IsNullOrWhiteSpace(code))
        {
            throw WebUIErrors.CodeMissing();
        }

        var now = time.GetUtcNow();
        var secret = box().Open(sealedSecret, TwoFactorService.PurposeOf(user.Id));
        var good = Totp.Match(secret, code, now, user.TotpLastStep) is { } step
            ? await people.SecondFactors.UseStepAsync(user.Id, step)
            : RecoveryCode.Hash(code) is { } hash
                && await people.SecondFactors.UseRecoveryCodeAsync(user.Id, hash, now);
        if (!good)
        {
            throw WebUIErrors.CodeWrong();
        }
    }

    private async Task GoodAsync(UserRecord user, string password, Origin origin, CancellationToken cancellation)
    {
        GiveBack(origin);
        await people.Users.GoodTryAsync(user.Id, time.GetUtcNow(), CancellationToken.None);
        if (await passwords.StrongerAsync(user.PasswordHash, password, cancellation) is { } stronger)
        {
            await people.Users.RehashAsync(user.Id, user.PasswordHash, stronger, CancellationToken.None);
        }
    }
}

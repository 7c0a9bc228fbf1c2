using Backup.Foundation.Secrets;
using Backup.Metadata;
using Backup.Metadata.People;
using Backup.WebUI.Contracts;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Backup.WebUI.Access;

/// <summary>What the routes about people share.</summary>
internal sealed class AccessDesk : IDisposable
{
    private const string Issuer = "Backup";

    /// <param name="metadata">The catalogue of everything.</param>
    /// <param name="box">Opened at its first use; seals the secrets of second factors.</param>
    /// <param name="settings">How long things last.</param>
    /// <param name="time">The clock.</param>
    public AccessDesk(IMetadataStore metadata, Func<SecretBox> box, AccessSettings settings, TimeProvider time)
    {
        (Metadata, Settings, Time) = (metadata, settings, time);
        Passwords = new Passwords(settings.PasswordRounds);
        Audit = new AccessAudit(metadata.Audit, time);
        Sessions = new SessionService(People, settings, time);
        LogIn = new LogInService(People, Passwords, box, Audit, settings, time);
        TwoFactor = new TwoFactorService(People, box, Issuer, time);
        Callers = new Callers(People, Sessions, time);
    }

    public IMetadataStore Metadata { get; }

    public IPeople People => Metadata.People;

    public AccessSettings Settings { get; }

    public TimeProvider Time { get; }

    public Passwords Passwords { get; }

    public AccessAudit Audit { get; }

    public SessionService Sessions { get; }

    public LogInService LogIn { get; }

    public TwoFactorService TwoFactor { get; }

    public ICallers Callers { get; }

    /// <exception cref="Foundation.Errors.BackupException">8529 the caller is an API token, 8500 it is nobody.</exception>
    public static SessionHolder SessionOf(HttpContext context) =>
        context.Features.Get<SessionHolder>()
        ?? throw (context.Features.Get<Caller>() is null ? WebUIErrors.SignIn() : WebUIErrors.NoTokens());

    /// <summary>Begins a session and sets its cookie. One that the browser had before ends.</summary>
    public async Task<Created<SessionView>> EnterAsync(
        HttpContext context,
        UserRecord user,
        CancellationToken cancellation
    )
    {
        if (context.Features.Get<SessionHolder>() is { } before)
        {
            _ = await People.Sessions.EndAsync(before.User.Id, before.Session.Id, cancellation);
        }

        var (session, secret) = await Sessions.BeginAsync(user, Origin.Of(context), cancellation);
        SessionCookie.Write(context, secret, session.ExpiresAt);
        return TypedResults.Created($"{WebUIHost.Root}/session", await ViewAsync(session, user, cancellation));
    }

    public async Task<SessionView> ViewAsync(SessionRecord session, UserRecord user, CancellationToken cancellation)
    {
        var codes = user.HasTwoFactor
            ? await People.SecondFactors.RecoveryCodesLeftAsync(user.Id, cancellation)
            : (int?)null;
        var groups = user.MustChange ? [] : await People.Memberships.OfUserAsync(user.Id, cancellation);
        return new SessionView(
            new AccountView(
                user.Id,
                user.Email,
                user.Name,
                user.IsAdministrator && !user.MustChange,
                user.HasTwoFactor,
                user.MustChange,
                codes
            ),
            [.. groups.Select(static one => ViewOf(one.Group, one.Role))],
            Sessions.ConfirmedUntil(session),
            Sessions.EndOf(session)
        );
    }

    public static GroupView ViewOf(Group group, GroupRole? role) =>
        new(
            group.Id,
            group.Name,
            role,
            PermissionNames.Of(role is { } known ? RolePermissions.Of(known) : Permission.None)
        );

    /// <summary>A user as they are added, with a password that was looked at.</summary>
    public async Task<UserRecord> NewUserAsync(
        string email,
        string name,
        string password,
        bool administrator,
        CancellationToken cancellation
    ) =>
        new(
            Guid.NewGuid().ToString("N"),
            email,
            name,
            await Passwords.MakeAsync(password, email, "password", cancellation),
            administrator,
            Time.GetUtcNow()
        );

    public void Dispose() => Passwords.Dispose();
}

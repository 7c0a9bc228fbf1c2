using Backup.Foundation.Secrets;
using Backup.Metadata.People;
using Microsoft.AspNetCore.Http;

namespace Backup.WebUI.Access;

/// <summary>
/// Finds out who a request is from: by the API token in its header, or by the cookie of a session. Where there is a header of that kind, it counts
/// alone, good or not. What may be done is read anew with each request: a role that was taken away is gone at once.
/// </summary>
internal sealed class Callers(IPeople people, SessionService sessions, TimeProvider time) : ICallers
{
    private const string Scheme = "Bearer ";

    /// <summary>The use of a token is written down this often, not with each request.</summary>
    private static readonly TimeSpan UsedEvery = TimeSpan.FromMinutes(1);

    public async ValueTask<Caller?> FindAsync(HttpContext context, CancellationToken cancellation)
    {
        var header = context.Request.Headers.Authorization;
        if (header.Count > 0)
        {
            return header is [{ } text] && text.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
                ? await OfTokenAsync(text[Scheme.Length..], cancellation)
                : null;
        }

        // A stream that looks whether it may go on uses nothing.
        var user = context.Features.Get<Caller>() is null ? Origin.Of(context) : null;
        var found = await sessions.FindAsync(SessionCookie.Read(context), user, cancellation);
        if (found is null)
        {
            return null;
        }

        context.Features.Set(found);
        return await OfSessionAsync(found, cancellation);
    }

    private async Task<Caller?> OfTokenAsync(string text, CancellationToken cancellation)
    {
        if (
            SecretToken.Hash(text, SecretToken.Api) is not { } hash
            || await people.Tokens.FindAsync(hash, cancellation) is not { } token
        )
        {
            return null;
        }

        var now = time.GetUtcNow();
        if (!token.IsGood(now))
        {
            return null;
        }

        if (token.LastUsedAt is not { } used || now - used >= UsedEvery)
        {
            await people.Tokens.UsedAsync(token.Id, now, cancellation);
        }

        return new Caller(
            token.Id,
            $"token {token.Name}",
            CallerKind.Token,
            new Dictionary<string, Permission> { [token.GroupId] = RolePermissions.Of(token.Role) }
        )
        {
            Home = token.GroupId,
        };
    }

    private async Task<Caller> OfSessionAsync(SessionHolder found, CancellationToken cancellation)
    {
        var (session, user) = found;
        // Who has to choose a password first can do nothing but that.
        var groups = user.MustChange ? [] : await people.Memberships.OfUserAsync(user.Id, cancellation);
        return new Caller(
            user.Id,
            AccessAudit.NameOf(user),
            CallerKind.Session,
            groups.ToDictionary(static one => one.Group.Id, static one => RolePermissions.Of(one.Role))
        )
        {
            IsAdministrator = user.IsAdministrator && !user.MustChange,
            SessionId = session.Id,
            ConfirmedUntil = sessions.ConfirmedUntil(session),
        };
    }
}

using Backup.Foundation.Secrets;
using Backup.Metadata.People;

namespace Backup.WebUI.Access;

/// <summary>Sessions: begun, looked up with each request, ended.</summary>
internal sealed class SessionService(IPeople people, AccessSettings settings, TimeProvider time)
{
    /// <summary>A session that is in use is written down this often, not with each request.</summary>
    private static readonly TimeSpan SeenEvery = TimeSpan.FromMinutes(1);

    /// <returns>The session, and the secret that the browser keeps.</returns>
    public async Task<(SessionRecord Session, string Secret)> BeginAsync(
        UserRecord user,
        Origin origin,
        CancellationToken cancellation
    )
    {
        var now = time.GetUtcNow();
        _ = await people.Sessions.RemoveExpiredAsync(now, now - settings.Idle, cancellation);
        var secret = SecretToken.New(SecretToken.Session);
        var session = new SessionRecord(
            Guid.NewGuid().ToString("N"),
            SecretToken.Hash(secret, SecretToken.Session)!,
            user.Id,
            now,
            now,
            ConfirmedAt: null,
            origin.AddressText,
            origin.UserAgent,
            now + settings.LongestSession
        );
        await people.Sessions.AddAsync(session, cancellation);
        return (session, secret);
    }

    /// <summary>The session of that secret; null where it is none, or is over, or is of somebody who is not let in any more.</summary>
    /// <param name="secret">From a stranger.</param>
    /// <param name="user">Where it is used from now; null where it is only looked at.</param>
    /// <param name="cancellation">Gives up.</param>
    public async ValueTask<SessionHolder?> FindAsync(string? secret, Origin? user, CancellationToken cancellation)
    {
        if (
            SecretToken.Hash(secret, SecretToken.Session) is not { } hash
            || await people.Sessions.FindAsync(hash, cancellation) is not { } found
            || found.User.DisabledAt is not null
        )
        {
            return null;
        }

        var now = time.GetUtcNow();
        if (now >= EndOf(found.Session))
        {
            return null;
        }

        if (user is not null && now - found.Session.LastSeenAt >= SeenEvery)
        {
            await people.Sessions.SeenAsync(found.Session.Id, now, user.AddressText, cancellation);
        }

        return found;
    }

    /// <summary>When it is over unless it is used.</summary>
    public DateTimeOffset EndOf(SessionRecord session)
    {
        var idle = session.LastSeenAt + settings.Idle;
        return idle < session.ExpiresAt ? idle : session.ExpiresAt;
    }

    /// <summary>Until when nobody is asked for the password again; null where they are.</summary>
    public DateTimeOffset? ConfirmedUntil(SessionRecord session) =>
        session.ConfirmedAt is { } at && time.GetUtcNow() < at + settings.Confirmed ? at + settings.Confirmed : null;
}

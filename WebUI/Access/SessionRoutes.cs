using Backup.WebUI.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Access;

/// <summary>Logging in and out, the password again, and the list of one's sessions.</summary>
internal sealed class SessionRoutes(AccessDesk access) : IApiPart
{
    public void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("/session", LogInAsync).WithSummary("Log in; the answer sets the cookie of the session").Open();
        api.MapGet("/session", ShowAsync).WithSummary("Who is logged in, and what they may do").SignedIn();
        api.MapDelete("/session", LogOutAsync).WithSummary("Log out").SignedIn("session.end");
        api.MapPost("/session/confirm", ConfirmAsync)
            .WithSummary("Give the password again, which restores and deletions ask for; good for five minutes")
            .SignedIn();
        api.MapGet("/sessions", ListAsync).WithSummary("One's own sessions").SignedIn();
        api.MapDelete("/sessions/{session}", EndAsync)
            .WithSummary("End one of one's own sessions")
            .SignedIn("session.end");
    }

    private async Task<Created<SessionView>> LogInAsync(
        LogInRequest request,
        HttpContext context,
        CancellationToken cancellation
    )
    {
        var user = await access.LogIn.LogInAsync(
            request.Email,
            request.Password,
            request.Code,
            Origin.Of(context),
            cancellation
        );
        return await access.EnterAsync(context, user, cancellation);
    }

    private Task<SessionView> ShowAsync(HttpContext context, CancellationToken cancellation)
    {
        var (session, user) = AccessDesk.SessionOf(context);
        return access.ViewAsync(session, user, cancellation);
    }

    private async Task<NoContent> LogOutAsync(HttpContext context, CancellationToken cancellation)
    {
        var (session, user) = AccessDesk.SessionOf(context);
        _ = await access.People.Sessions.EndAsync(user.Id, session.Id, cancellation);
        SessionCookie.Remove(context);
        return TypedResults.NoContent();
    }

    private async Task<SessionView> ConfirmAsync(
        ConfirmRequest request,
        HttpContext context,
        CancellationToken cancellation
    )
    {
        var (session, user) = AccessDesk.SessionOf(context);
        await access.LogIn.ConfirmAsync(user, request.Password, request.Code, Origin.Of(context), cancellation);
        var now = access.Time.GetUtcNow();
        return await access.People.Sessions.ConfirmAsync(session.Id, now, cancellation)
            ? await access.ViewAsync(session with { ConfirmedAt = now }, user, cancellation)
            : throw WebUIErrors.SignIn();
    }

    private async Task<IReadOnlyList<SessionEntryView>> ListAsync(HttpContext context, CancellationToken cancellation)
    {
        var (session, user) = AccessDesk.SessionOf(context);
        var now = access.Time.GetUtcNow();
        return
        [
            .. (await access.People.Sessions.ListAsync(user.Id, cancellation))
                .Where(one => now < access.Sessions.EndOf(one))
                .Select(one => new SessionEntryView(
                    one.Id,
                    one.Id == session.Id,
                    one.Address,
                    one.UserAgent,
                    one.CreatedAt,
                    one.LastSeenAt,
                    access.Sessions.EndOf(one)
                )),
        ];
    }

    private async Task<NoContent> EndAsync(string session, HttpContext context, CancellationToken cancellation)
    {
        var (current, user) = AccessDesk.SessionOf(context);
        if (!await access.People.Sessions.EndAsync(user.Id, session, cancellation))
        {
            throw WebUIErrors.Nothing("such session of yours");
        }

        if (session == current.Id)
        {
            SessionCookie.Remove(context);
        }

        return TypedResults.NoContent();
    }
}

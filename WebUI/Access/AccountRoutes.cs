using Backup.WebUI.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Access;

/// <summary>One's own account: password and second factor.</summary>
internal sealed class AccountRoutes(AccessDesk access) : IApiPart
{
    private const string TwoFactor = "/account/two-factor";

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapPut("/account/password", ChangeAsync)
            .WithSummary("Choose another password; all other sessions end")
            .SignedIn("account.password");
        api.MapPost(TwoFactor, OfferAsync)
            .WithSummary("Begin with a second factor: a secret for an authenticator application")
            .SignedIn("account.two-factor.begin", confirmed: true, secret: true);
        api.MapPut(TwoFactor, ConfirmAsync)
            .WithSummary("Confirm the secret with a code of the application; gives the recovery codes")
            .SignedIn("account.two-factor.on", confirmed: true, secret: true);
        api.MapDelete(TwoFactor, RemoveAsync)
            .WithSummary("Go on without a second factor")
            .SignedIn("account.two-factor.off", confirmed: true);
    }

    private async Task<NoContent> ChangeAsync(
        PasswordChange request,
        HttpContext context,
        CancellationToken cancellation
    )
    {
        var (session, user) = AccessDesk.SessionOf(context);

        // The current password is asked for here; the code is not: whoever has an open session and the password could only lock the owner out,
        // who has an administrator. It keeps the form to two fields.
        await access.LogIn.ConfirmPasswordAsync(user, request.Current, "current", Origin.Of(context), cancellation);
        var hash = await access.Passwords.MakeAsync(request.New, user.Email, "new", cancellation);
        await access.People.Users.SetPasswordAsync(
            user.Id,
            hash,
            mustChange: false,
            session.Id,
            CancellationToken.None
        );
        return TypedResults.NoContent();
    }

    private async Task<TwoFactorOfferView> OfferAsync(HttpContext context, CancellationToken cancellation)
    {
        var (secret, uri) = await access.TwoFactor.OfferAsync(AccessDesk.SessionOf(context).User, cancellation);
        return new TwoFactorOfferView(secret, uri);
    }

    private async Task<RecoveryCodesView> ConfirmAsync(
        TwoFactorRequest request,
        HttpContext context,
        CancellationToken cancellation
    ) => new(await access.TwoFactor.ConfirmAsync(AccessDesk.SessionOf(context).User, request.Code, cancellation));

    private async Task<NoContent> RemoveAsync(HttpContext context, CancellationToken cancellation)
    {
        await access.TwoFactor.RemoveAsync(AccessDesk.SessionOf(context).User, cancellation);
        return TypedResults.NoContent();
    }
}

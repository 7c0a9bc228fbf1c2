using Backup.WebUI.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Access;

/// <summary>All accounts of the appliance, for its administrators.</summary>
internal sealed class UserRoutes(AccessDesk access) : IApiPart
{
    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/users", ListAsync).WithSummary("All accounts").Administrators();
        api.MapPatch("/users/{user}", ChangeAsync)
            .WithSummary("Administrator or not, disabled or not; end a lock-out, take the second factor off")
            .Administrators("user.change", confirmed: true);
    }

    private async Task<IReadOnlyList<UserView>> ListAsync(CancellationToken cancellation) =>
        [
            .. (await access.People.Users.ListAsync(cancellation)).Select(one =>
                UserChanges.ViewOf(one, access.Time.GetUtcNow())
            ),
        ];

    private async Task<UserView> ChangeAsync(
        string user,
        UserChange request,
        HttpContext context,
        CancellationToken cancellation
    )
    {
        var found =
            await access.People.Users.FindAsync(user, cancellation) ?? throw WebUIErrors.Nothing("such account");
        context.Features.Set(new AuditSubject($"{AccessAudit.NameOf(found)}: {UserChanges.TextOf(request)}"));
        await UserChanges.ApplyAsync(access.People, found, request, access.Time, cancellation);
        return UserChanges.ViewOf((await access.People.Users.FindAsync(user, cancellation))!, access.Time.GetUtcNow());
    }
}

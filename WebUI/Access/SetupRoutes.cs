using Backup.Foundation.Errors;
using Backup.Foundation.Secrets;
using Backup.Metadata;
using Backup.WebUI.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Access;

/// <summary>The first run: whoever has the set-up token makes the first administrator.</summary>
internal sealed class SetupRoutes(AccessDesk access) : IApiPart
{
    private const string Action = "setup";

    /// <summary>What the oldest group is called, where it is not there yet.</summary>
    private const string FirstGroup = "default";

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/setup", NeededAsync).WithSummary("Whether the first run is still to come").Open();
        api.MapPost("/setup", SetUpAsync).WithSummary("Make the first administrator, who is logged in then").Open();
    }

    private async Task<SetupView> NeededAsync(CancellationToken cancellation) =>
        new(!await access.People.Users.AnyAsync(cancellation));

    private async Task<Created<SessionView>> SetUpAsync(
        SetupRequest request,
        HttpContext context,
        CancellationToken cancellation
    )
    {
        var origin = Origin.Of(context);
        await access.LogIn.TakeAsync(user: null, origin, Action);
        var (email, name) = (Fields.Email(request.Email, "email"), Fields.Name(request.Name, "name"));
        try
        {
            if (
                await access.People.Users.AnyAsync(cancellation)
                || SecretToken.Hash(request.Token.Trim(), SecretToken.Setup) is not { } token
            )
            {
                throw MetadataErrors.NoSetup();
            }

            var user = await access.NewUserAsync(email, name, request.Password, administrator: true, cancellation);
            var groups = await access.Metadata.Access.GroupsAsync(cancellation);
            var group =
                groups.Count > 0 ? groups[0] : await access.Metadata.Access.EnsureGroupAsync(FirstGroup, cancellation);
            await access.People.Users.AddFirstAsync(user, group.Id, token, cancellation);
            access.LogIn.GiveBack(origin);
            await access.Audit.AddAsync(user, origin, Action, "", AuditOutcomes.Ok);
            return await access.EnterAsync(context, user, cancellation);
        }
        catch (BackupException refused) when (refused.Number == MetadataErrors.SetupOver)
        {
            await access.Audit.AddAsync(null, origin, Action, "", AuditOutcomes.Refused, refused.Code);
            throw;
        }
    }
}

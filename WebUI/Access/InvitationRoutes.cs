using Backup.Foundation.Secrets;
using Backup.Metadata;
using Backup.Metadata.People;
using Backup.WebUI.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Access;

/// <summary>Invitations into a group: made by its owners, accepted by whoever has the link and the address.</summary>
internal sealed class InvitationRoutes(AccessDesk access) : IApiPart
{
    private const string Invitations = "/groups/{group}/invitations";
    private const string Invitation = "/invitations/{secret}";
    private const string AcceptAction = "invitation.accept";

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet(Invitations, ListAsync).WithSummary("The invitations that are open").Needs(Permission.People);
        api.MapPost(Invitations, AddAsync)
            .WithSummary("Invite somebody; the link is shown once")
            .Needs(Permission.People, "invitation.create", confirmed: true, secret: true);
        api.MapDelete($"{Invitations}/{{invitation}}", RevokeAsync)
            .WithSummary("Take an invitation back")
            .Needs(Permission.People, "invitation.revoke");
        api.MapGet(Invitation, ShowAsync).WithSummary("What an invitation is for").Open();
        api.MapPost(Invitation, AcceptAsync)
            .WithSummary("Accept an invitation: with a new account, or with that of the session")
            .Open();
    }

    private async Task<IReadOnlyList<InvitationView>> ListAsync(string group, CancellationToken cancellation) =>
        [
            .. (await access.People.Invitations.OpenAsync(group, access.Time.GetUtcNow(), cancellation)).Select(
                static one => ViewOf(one, null)
            ),
        ];

    private async Task<Created<InvitationView>> AddAsync(
        string group,
        InvitationRequest request,
        Caller caller,
        HttpContext context,
        CancellationToken cancellation
    )
    {
        var secret = SecretToken.New(SecretToken.Invitation);
        var now = access.Time.GetUtcNow();
        var invitation = new InvitationRecord(
            Guid.NewGuid().ToString("N"),
            SecretToken.Hash(secret, SecretToken.Invitation)!,
            group,
            Fields.Role(request.Role, "role"),
            Fields.Email(request.Email, "email"),
            caller.Name,
            now,
            now + access.Settings.Invitation
        );
        await access.People.Invitations.AddAsync(invitation, cancellation);
        context.Features.Set(new AuditSubject($"{invitation.Email} as {invitation.Role}"));

        // The name of the host was looked at by the gate: nobody makes the link point elsewhere.
        var url = $"{context.Request.Scheme}://{context.Request.Host}/invitation/{secret}";
        return TypedResults.Created($"{WebUIHost.Root}/groups/{group}/invitations", ViewOf(invitation, url));
    }

    private async Task<NoContent> RevokeAsync(string group, string invitation, CancellationToken cancellation)
    {
        await access.People.Invitations.RevokeAsync(group, invitation, access.Time.GetUtcNow(), cancellation);
        return TypedResults.NoContent();
    }

    private async Task<InvitedView> ShowAsync(string secret, CancellationToken cancellation)
    {
        var (invitation, group) = await FindAsync(secret, cancellation);
        var user = await access.People.Users.FindByEmailAsync(invitation.Email, cancellation);
        return new InvitedView(group.Name, invitation.Email, invitation.Role, user is not null, invitation.ExpiresAt);
    }

    private async Task<Created<SessionView>> AcceptAsync(
        string secret,
        AcceptRequest request,
        HttpContext context,
        CancellationToken cancellation
    )
    {
        var (invitation, group) = await FindAsync(secret, cancellation);
        var now = access.Time.GetUtcNow();
        if (context.Features.Get<SessionHolder>() is { } found)
        {
            await access.People.Invitations.AcceptAsync(invitation.SecretHash, found.User, now, cancellation);
            await RecordAsync(found.User, invitation, group, context);
            return TypedResults.Created(
                $"{WebUIHost.Root}/session",
                await access.ViewAsync(found.Session, found.User, cancellation)
            );
        }

        if (await access.People.Users.FindByEmailAsync(invitation.Email, cancellation) is not null)
        {
            throw WebUIErrors.HasAccount();
        }

        var user = await access.NewUserAsync(
            invitation.Email,
            Fields.Name(request.Name ?? "", "name"),
            request.Password ?? "",
            administrator: false,
            cancellation
        );
        await access.People.Invitations.AcceptAsync(invitation.SecretHash, user, now, cancellation);
        await RecordAsync(user, invitation, group, context);
        return await access.EnterAsync(context, user, cancellation);
    }

    private async Task<(InvitationRecord Invitation, Group Group)> FindAsync(
        string secret,
        CancellationToken cancellation
    )
    {
        var found = SecretToken.Hash(secret, SecretToken.Invitation) is { } hash
            ? await access.People.Invitations.FindAsync(hash, cancellation)
            : null;
        if (found is null || !found.IsOpen(access.Time.GetUtcNow()))
        {
            throw MetadataErrors.NoInvitation();
        }

        var groups = await access.Metadata.Access.GroupsAsync(cancellation);
        return (found, groups.Single(one => one.Id == found.GroupId));
    }

    private Task RecordAsync(UserRecord user, InvitationRecord invitation, Group group, HttpContext context) =>
        access.Audit.AddAsync(
            user,
            Origin.Of(context),
            AcceptAction,
            $"group {group.Name} as {invitation.Role}",
            AuditOutcomes.Ok,
            groupId: group.Id
        );

    private static InvitationView ViewOf(InvitationRecord invitation, string? url) =>
        new(
            invitation.Id,
            invitation.Email,
            invitation.Role,
            invitation.InvitedBy,
            invitation.CreatedAt,
            invitation.ExpiresAt,
            url
        );
}

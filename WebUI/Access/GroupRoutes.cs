using Backup.Metadata;
using Backup.Metadata.People;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Access;

/// <summary>Groups and their members.</summary>
internal sealed class GroupRoutes(AccessDesk access, ApiDesks desks) : IApiPart
{
    private const string Group = "/groups/{group}";
    private const string Members = $"{Group}/members";

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/groups", ListAsync).WithSummary("The groups that the caller is in").SignedIn();
        api.MapPost("/groups", AddAsync)
            .WithSummary(
                "Make a group, whose owner one is then; with tags it is assigned to a block store that has them"
            )
            .Administrators("group.create");
        api.MapPatch(Group, RenameAsync)
            .WithSummary("Give the group another name")
            .Needs(Permission.People, "group.rename");
        api.MapGet(Members, MembersAsync).WithSummary("The members of the group").Needs(Permission.See);
        api.MapPut($"{Members}/{{user}}", SetAsync)
            .WithSummary("Give a member another role; one owner stays")
            .Needs(Permission.People, "member.role", confirmed: true);
        api.MapDelete($"{Members}/{{user}}", RemoveAsync)
            .WithSummary("Take somebody out of the group; one owner stays")
            .Needs(Permission.People, "member.remove", confirmed: true);
    }

    private async Task<IReadOnlyList<GroupView>> ListAsync(Caller caller, CancellationToken cancellation) =>
        [
            .. (await access.Metadata.Access.GroupsAsync(cancellation))
                .Where(one => caller.Groups.ContainsKey(one.Id))
                .OrderBy(static one => one.Name, StringComparer.Ordinal)
                .Select(one => new GroupView(one.Id, one.Name, null, PermissionNames.Of(caller.Groups[one.Id]))),
        ];

    private async Task<Created<GroupView>> AddAsync(
        NewGroupRequest request,
        HttpContext context,
        CancellationToken cancellation
    )
    {
        var owner = AccessDesk.SessionOf(context).User;
        var name = Fields.Name(request.Name, "name");
        var group = new Group(Guid.NewGuid().ToString("N"), name, access.Time.GetUtcNow());
        var tags = StoreTags.Normal(request.Tags ?? []);
        await access.People.Memberships.AddGroupAsync(
            group,
            owner.Id,
            tags,
            tags.Count > 0 ? desks.Storage.TaggedStores : [],
            cancellation
        );
        var tagged = tags.Count > 0 ? $", with tags {string.Join(", ", tags)}" : "";
        context.Features.Set(new AuditSubject($"group {group.Id}, {name}{tagged}"));
        return TypedResults.Created($"{WebUIHost.Root}/groups/{group.Id}", AccessDesk.ViewOf(group, GroupRole.Owner));
    }

    private async Task<GroupView> RenameAsync(
        string group,
        GroupRequest request,
        Caller caller,
        HttpContext context,
        CancellationToken cancellation
    )
    {
        var name = Fields.Name(request.Name, "name");
        await access.People.Memberships.RenameGroupAsync(group, name, cancellation);
        context.Features.Set(new AuditSubject($"group {group}, now {name}"));
        return new GroupView(group, name, null, PermissionNames.Of(caller.Groups[group]));
    }

    private async Task<IReadOnlyList<MemberView>> MembersAsync(string group, CancellationToken cancellation) =>
        [.. (await access.People.Memberships.OfGroupAsync(group, cancellation)).Select(ViewOf)];

    private async Task<MemberView> SetAsync(
        string group,
        string user,
        RoleRequest request,
        HttpContext context,
        CancellationToken cancellation
    )
    {
        var role = Fields.Role(request.Role, "role");
        var member = await MemberAsync(group, user, cancellation);
        context.Features.Set(new AuditSubject($"{AccessAudit.NameOf(member.User)}: {member.Role} to {role}"));
        await access.People.Memberships.SetAsync(group, user, role, access.Time.GetUtcNow(), cancellation);
        return ViewOf(member with { Role = role });
    }

    private async Task<NoContent> RemoveAsync(
        string group,
        string user,
        HttpContext context,
        CancellationToken cancellation
    )
    {
        var member = await MemberAsync(group, user, cancellation);
        context.Features.Set(new AuditSubject($"{AccessAudit.NameOf(member.User)}, {member.Role}"));
        await access.People.Memberships.RemoveAsync(group, user, cancellation);
        return TypedResults.NoContent();
    }

    /// <summary>Who is no member becomes one by an invitation alone: nobody is drawn into a group by their id.</summary>
    private async Task<MemberRecord> MemberAsync(string group, string user, CancellationToken cancellation) =>
        (await access.People.Memberships.OfGroupAsync(group, cancellation)).FirstOrDefault(one => one.User.Id == user)
        ?? throw WebUIErrors.Nothing("such member of this group");

    private static MemberView ViewOf(MemberRecord member) =>
        new(
            member.User.Id,
            member.User.Email,
            member.User.Name,
            member.Role,
            member.Since,
            member.User.HasTwoFactor,
            member.User.LastLoginAt,
            member.User.DisabledAt is not null
        );
}

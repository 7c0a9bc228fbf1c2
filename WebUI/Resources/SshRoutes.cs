using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;
using Backup.WebUI.Frame;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Resources;

/// <summary>SSH keys of a group, and the targets that restores are pushed to.</summary>
internal sealed class SshRoutes(ApiDesks desks) : IApiPart
{
    private const string Keys = "/groups/{group}/ssh/keys";
    private const string Targets = "/groups/{group}/ssh/targets";

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet(Keys, KeysAsync).WithSummary("SSH keys").Needs(Permission.See);
        api.MapPost(Keys, CreateKeyAsync)
            .WithSummary("Make a key pair; the private one never leaves the appliance")
            .Needs(Permission.Configure, "ssh.key.create");
        api.MapDelete($"{Keys}/{{key}}", RemoveKeyAsync)
            .WithSummary("Remove a key that no target uses")
            .Needs(Permission.Configure, "ssh.key.remove", confirmed: true);
        api.MapGet(Targets, TargetsAsync).WithSummary("SSH targets").Needs(Permission.See);
        api.MapPost(Targets, AddTargetAsync)
            .WithSummary("Add a target, with the host key that was confirmed")
            .Needs(Permission.Configure, "ssh.target.add", confirmed: true);
        api.MapDelete($"{Targets}/{{target}}", RemoveTargetAsync)
            .WithSummary("Remove a target")
            .Needs(Permission.Configure, "ssh.target.remove", confirmed: true);
        api.MapPost($"{Targets}/{{target}}/test", TestAsync)
            .WithSummary("Try login, host key, free space and writing")
            .Needs(Permission.Restore, "ssh.target.test");
        // It makes the appliance connect to any host: that is for whoever may add targets.
        api.MapGet("/groups/{group}/ssh/host-keys", HostKeysAsync)
            .WithSummary("The keys that a host shows: ?address=USER@HOST[:PORT]")
            .Needs(Permission.Configure);
    }

    private async Task<PageOf<SshKeyView>> KeysAsync(
        string group,
        HttpContext context,
        CancellationToken cancellation
    ) =>
        Paging.Page(
            [
                .. (await desks.Ssh.KeysAsync(group, cancellation)).OrderBy(
                    static one => one.Name,
                    StringComparer.Ordinal
                ),
            ],
            static one => one.Name,
            KeyOrder.Rising,
            context.Request.Query
        );

    private async Task<Created<SshKeyView>> CreateKeyAsync(
        string group,
        SshKeyRequest request,
        CancellationToken cancellation
    ) =>
        TypedResults.Created(
            $"{WebUIHost.Root}/groups/{group}/ssh/keys",
            await desks.Ssh.CreateKeyAsync(group, request, cancellation)
        );

    private async Task<PageOf<SshTargetView>> TargetsAsync(
        string group,
        HttpContext context,
        CancellationToken cancellation
    ) =>
        Paging.Page(
            [
                .. (await desks.Ssh.TargetsAsync(group, cancellation)).OrderBy(
                    static one => one.Name,
                    StringComparer.Ordinal
                ),
            ],
            static one => one.Name,
            KeyOrder.Rising,
            context.Request.Query
        );

    private async Task<Created<SshTargetView>> AddTargetAsync(
        string group,
        SshTargetRequest request,
        CancellationToken cancellation
    ) =>
        TypedResults.Created(
            $"{WebUIHost.Root}/groups/{group}/ssh/targets",
            await desks.Ssh.AddTargetAsync(group, request, cancellation)
        );

    private Task<IReadOnlyList<SshHostKeyView>> HostKeysAsync(
        string group,
        string address,
        CancellationToken cancellation
    ) => desks.Ssh.HostKeysAsync(address, cancellation);

    private Task<SshKeyView> RemoveKeyAsync(string group, string key, CancellationToken cancellation) =>
        desks.Ssh.RemoveKeyAsync(group, key, cancellation);

    private Task<SshTargetView> RemoveTargetAsync(string group, string target, CancellationToken cancellation) =>
        desks.Ssh.RemoveTargetAsync(group, target, cancellation);

    private Task<IReadOnlyList<SshCheckView>> TestAsync(string group, string target, CancellationToken cancellation) =>
        desks.Ssh.TestAsync(group, target, cancellation);
}

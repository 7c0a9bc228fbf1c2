using Backup.Metadata;
using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;
using Backup.WebUI.Frame;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Resources;

/// <summary>Agents of a group.</summary>
internal sealed class AgentRoutes(IMetadataStore metadata, ApiDesks desks) : IApiPart
{
    private const int FewLines = 100;

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/groups/{group}/agents", ListAsync).WithSummary("Agents").Needs(Permission.See);
        api.MapPost("/groups/{group}/agents/tokens", MakeTokenAsync)
            .WithSummary("A token that enrols one agent, told once")
            .Needs(Permission.Configure, "agent.token", secret: true);
        api.MapDelete("/groups/{group}/agents/{agent}", RevokeAsync)
            .WithSummary("Revoke an agent: its key opens nothing any more")
            .Needs(Permission.Configure, "agent.revoke", confirmed: true);
        api.MapGet("/groups/{group}/agents/{agent}/logs", LogsAsync)
            .WithSummary("The last lines of its log: ?lines=100&since=SECONDS")
            .Needs(Permission.Operate);
    }

    private async Task<PageOf<AgentView>> ListAsync(string group, HttpContext context, CancellationToken cancellation)
    {
        var ours = await OursAsync(group, cancellation);
        return Paging.Page(
            [
                .. (await desks.Agents.ListAsync(cancellation))
                    .Where(one => ours.Contains(one.Id))
                    .OrderBy(static one => one.Id, StringComparer.Ordinal),
            ],
            static one => one.Id,
            KeyOrder.Rising,
            context.Request.Query
        );
    }

    private async Task<Created<EnrolmentView>> MakeTokenAsync(
        string group,
        TokenRequest request,
        CancellationToken cancellation
    )
    {
        var made = await desks.Agents.MakeTokenAsync(group, request.Minutes, cancellation);
        // Among the arguments everybody on the agent's host would see it.
        var command = $"BACKUP_AGENT_TOKEN='{made.Token}' backup-agent enroll --server {made.Server.TrimEnd('/')}";
        return TypedResults.Created(
            $"{WebUIHost.Root}/groups/{group}/agents",
            new EnrolmentView(made.Token, made.ExpiresAt, made.Server, command) { Install = made.Install }
        );
    }

    private async Task<AgentView> RevokeAsync(string group, string agent, CancellationToken cancellation) =>
        await desks.Agents.RevokeAsync(await FindAsync(group, agent, cancellation), cancellation);

    private async Task<AgentLogView> LogsAsync(
        string group,
        string agent,
        CancellationToken cancellation,
        int lines = FewLines,
        long? since = null
    ) => await desks.Agents.LogsAsync(await FindAsync(group, agent, cancellation), lines, since, cancellation);

    private async Task<string> FindAsync(string group, string agent, CancellationToken cancellation) =>
        (await OursAsync(group, cancellation)).Contains(agent)
            ? agent
            : throw WebUIErrors.Nothing("such agent in this group");

    private async Task<HashSet<string>> OursAsync(string group, CancellationToken cancellation) =>
        (await metadata.Access.AgentsAsync(cancellation))
            .Where(one => one.GroupId == group)
            .Select(static one => one.Id)
            .ToHashSet();
}

using System.Text.Json;
using Backup.BackupHttpServer.Access;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backup.BackupHttpServer.Endpoints;

/// <summary>What agents answer that were asked for something of their sources' servers.</summary>
internal sealed class HostEndpoints(IMetadataStore metadata, AgentGate gate)
{
    public void Map(IEndpointRouteBuilder routes) => _ = routes.MapPost(AgentRoutes.HostAnswerTemplate, AnswerAsync);

    private async Task AnswerAsync(HttpContext context)
    {
        var agent = await gate.AuthenticateAsync(context);
        var deployment = await gate.DeploymentAsync(agent, Json.Route(context, "deploymentId"), context.RequestAborted);
        var answer = await Json.ReadAsync(context, AgentJson.Default.HostAnswer);
        if (answer.Hosts.Any(static one => one.Lines.Count > HostLimits.MostLines))
        {
            throw BackupHttpServerErrors.BadJson("at '$.hosts'.");
        }

        // One that nobody waits for any more changes nothing, and is no error.
        _ = await metadata.HostRequests.AnswerAsync(
            deployment.Id,
            answer.RequestId,
            JsonSerializer.Serialize(answer, AgentJson.Default.HostAnswer),
            context.RequestAborted
        );
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }
}

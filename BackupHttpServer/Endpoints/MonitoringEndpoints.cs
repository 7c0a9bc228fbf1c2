using Backup.BackupHttpServer.Access;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backup.BackupHttpServer.Endpoints;

/// <summary>What agents tell of their sources.</summary>
internal sealed class MonitoringEndpoints(IMetadataStore metadata, AgentGate gate, TimeProvider time)
{
    public void Map(IEndpointRouteBuilder routes) => _ = routes.MapPost(AgentRoutes.MonitoringTemplate, SampleAsync);

    private async Task SampleAsync(HttpContext context)
    {
        var agent = await gate.AuthenticateAsync(context);
        var deployment = await gate.DeploymentAsync(agent, Json.Route(context, "deploymentId"), context.RequestAborted);
        var sample = await Json.ReadAsync(context, AgentJson.Default.MonitoringSample);
        await Monitoring.AddAsync(metadata, deployment.Id, sample, time.GetUtcNow(), context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }
}

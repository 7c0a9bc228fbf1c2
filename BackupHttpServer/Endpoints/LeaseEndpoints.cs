using Backup.BackupHttpServer.Access;
using Backup.Foundation.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backup.BackupHttpServer.Endpoints;

/// <summary>Which of several agents works on a deployment.</summary>
internal sealed class LeaseEndpoints(AgentGate gate, LeaseDesk desk)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        _ = routes.MapPost(AgentRoutes.LeaseTemplate, ClaimAsync);
        _ = routes.MapPost(AgentRoutes.LeaseReleaseTemplate, ReleaseAsync);
    }

    private async Task ClaimAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var agent = await gate.AuthenticateAsync(context);
        var deployment = await gate.DeploymentAsync(agent, Json.Route(context, "deploymentId"), cancellation);
        var claim = await Json.ReadAsync(context, AgentJson.Default.LeaseClaim);
        var answer = await desk.ClaimAsync(agent, deployment.Id, claim, cancellation);
        await Json.WriteAsync(context, answer, AgentJson.Default.LeaseAnswer);
    }

    private async Task ReleaseAsync(HttpContext context)
    {
        var cancellation = context.RequestAborted;
        var agent = await gate.AuthenticateAsync(context);
        var deployment = await gate.DeploymentAsync(agent, Json.Route(context, "deploymentId"), cancellation);
        var claim = await Json.ReadAsync(context, AgentJson.Default.LeaseClaim);
        await desk.ReleaseAsync(agent, deployment.Id, claim, cancellation);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }
}

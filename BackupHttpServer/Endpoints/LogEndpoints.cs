using System.Text.Json;
using Backup.BackupHttpServer.Access;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backup.BackupHttpServer.Endpoints;

/// <summary>Log lines that agents were asked for.</summary>
internal sealed class LogEndpoints(IMetadataStore metadata, AgentGate gate)
{
    public void Map(IEndpointRouteBuilder routes) => _ = routes.MapPost(AgentRoutes.Logs, ExcerptAsync);

    private async Task ExcerptAsync(HttpContext context)
    {
        var agent = await gate.AuthenticateAsync(context);
        var excerpt = await Json.ReadAsync(context, AgentJson.Default.LogExcerpt);
        if (excerpt.Lines.Count > LogLimits.MostLines)
        {
            throw BackupHttpServerErrors.BadJson("at '$.lines'.");
        }

        // One that nobody waits for any more changes nothing, and is no error.
        _ = await metadata.AgentLogs.AnswerAsync(
            agent.Id,
            excerpt.RequestId,
            JsonSerializer.Serialize(excerpt, AgentJson.Default.LogExcerpt),
            context.RequestAborted
        );
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }
}

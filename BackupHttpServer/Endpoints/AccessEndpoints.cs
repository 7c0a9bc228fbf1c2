using System.Security.Cryptography;
using System.Text.Json;
using Backup.BackupHttpServer.Access;
using Backup.BackupHttpServer.Updates;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backup.BackupHttpServer.Endpoints;

/// <summary>Health, configuration and heartbeat.</summary>
internal sealed class AccessEndpoints(
    IMetadataStore metadata,
    AgentGate gate,
    UpdateStore updates,
    Func<AgentLimits> limits,
    TimeProvider time
)
{
    public void Map(IEndpointRouteBuilder routes)
    {
        _ = routes.MapGet(AgentRoutes.Health, static context => context.Response.WriteAsync("ok\n"));
        _ = routes.MapGet(AgentRoutes.Configuration, ConfigurationAsync);
        _ = routes.MapPost(AgentRoutes.Heartbeat, HeartbeatAsync);
    }

    private async Task ConfigurationAsync(HttpContext context)
    {
        var agent = await gate.AuthenticateAsync(context);
        var all = await metadata.Deployments.ListAsync(context.RequestAborted);
        var configuration = new AgentConfiguration(
            [
                .. all.Where(one => one.GroupId == agent.GroupId && one.IsProtected)
                    .OrderBy(one => one.Id, StringComparer.Ordinal)
                    .Select(Configured)
                    .OfType<ConfiguredDeployment>(),
            ],
            limits()
        );
        var body = JsonSerializer.SerializeToUtf8Bytes(configuration, AgentJson.Default.AgentConfiguration);
        var tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(body).AsSpan(0, 16))}\"";
        context.Response.Headers.ETag = tag;
        context.Response.Headers.CacheControl = "no-store";
        if (context.Request.Headers.IfNoneMatch == tag)
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        context.Response.ContentType = AgentProtocol.JsonMediaType;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    /// <returns>Null where its URI cannot be opened, which its status says: all the others go on.</returns>
    private ConfiguredDeployment? Configured(Deployment one)
    {
        try
        {
            return new ConfiguredDeployment(one.Id, one.Name, metadata.Deployments.OpenUri(one), Order(one.Source));
        }
        catch (BackupException failure) when (failure.Number == MetadataErrors.UriIsNotOpened)
        {
            return null;
        }
    }

    private async Task HeartbeatAsync(HttpContext context)
    {
        var agent = await gate.AuthenticateAsync(context);
        var beat = await Json.ReadAsync(context, AgentJson.Default.Heartbeat);
        // Before anything is looked up: what the agent reads once it has the answer is not older than this.
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        await metadata.Access.AgentSeenAsync(agent.Id, beat.Version, context.RequestAborted);
        var orders = new List<DeploymentOrders>();
        foreach (var report in beat.Deployments)
        {
            var deployment = await metadata.Deployments.FindAsync(report.DeploymentId, context.RequestAborted);
            // One that is no longer the agent's does not keep it from telling of the others.
            if (deployment is { IsProtected: true } && deployment.GroupId == agent.GroupId)
            {
                await ReportAsync(agent, report, context.RequestAborted);
                orders.Add(
                    new DeploymentOrders(deployment.Id, Order(deployment.Source))
                    {
                        Asked = await HostRequests.TakeAsync(
                            metadata,
                            deployment.Id,
                            agent.Id,
                            time,
                            context.RequestAborted
                        ),
                    }
                );
            }
        }

        var logs = await AgentLogs.PendingAsync(metadata, agent.Id, time, context.RequestAborted);
        var update = beat.Platform is { } platform ? updates.Find(platform)?.Version : null;
        await Json.WriteAsync(
            context,
            new HeartbeatAnswer(now, orders, logs, update),
            AgentJson.Default.HeartbeatAnswer
        );
    }

    private SourceOrder Order(SourceSettings source) =>
        new(
            source.Revision,
            source.Member,
            source.Cursors ?? limits().Cursors,
            source.BytesPerSecond ?? limits().BytesPerSecond,
            source.PausedAt is not null
        );

    private async Task ReportAsync(AgentRecord agent, DeploymentReport report, CancellationToken cancellation)
    {
        await metadata.Deployments.SetAgentReportAsync(
            new AgentReport(
                report.DeploymentId,
                agent.Id,
                report.Phase,
                report.Fault?.Code,
                report.Fault?.Message,
                report.Fault?.Hint,
                time.GetUtcNow(),
                report.Source is { } source ? JsonSerializer.Serialize(source, AgentJson.Default.SourceReport) : null
            ),
            cancellation
        );
        if (
            report is not { Fence: { } fence, ReplicaSetId: { } id, SourceOptime: { } optime, ReadAfter: { } readAfter }
        )
        {
            return;
        }

        try
        {
            var replicaSet = await gate.ReplicaSetAsync(agent, id, cancellation);
            // A point that was read before another agent took over says nothing of the source as it is now.
            var leased = metadata.Under(new LeaseProof(replicaSet.DeploymentId, agent.Id, fence));
            await leased.Deployments.SetSourceOptimeAsync(
                replicaSet.Id,
                optime.ToOptime(),
                Moment(readAfter),
                cancellation
            );
        }
        catch (BackupException over) when (over.Number is MetadataErrors.LeaseLost or BackupHttpServerErrors.NotFound)
        {
            // It finds out at its next request for the lease.
        }
    }

    /// <exception cref="BackupException">8018: no moment of this calendar.</exception>
    private static DateTimeOffset Moment(long milliseconds) =>
        milliseconds is >= 0 and <= MostMilliseconds
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : throw BackupHttpServerErrors.BadJson("at '$.deployments[].readAfter'.");

    /// <summary>The year 9999.</summary>
    private const long MostMilliseconds = 253_402_300_799_999;
}

using Backup.BackupHttpServer.Access;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backup.BackupHttpServer.Endpoints;

/// <summary>Clusters and their cuts, for the agent that has a cluster's lease.</summary>
internal sealed class ClusterEndpoints(IMetadataStore metadata, AgentGate gate, ClusterDesk desk)
{
    private const int LongestName = 200;

    public void Map(IEndpointRouteBuilder routes)
    {
        _ = routes.MapPost(AgentRoutes.ClusterTemplate, FoundAsync);
        _ = routes.MapGet(AgentRoutes.ClusterTemplate, OrdersAsync);
        _ = routes.MapPost(AgentRoutes.BalancerStartedTemplate, StartedAsync);
        _ = routes.MapPost(AgentRoutes.CutBegunTemplate, BegunAsync);
        _ = routes.MapPost(AgentRoutes.CutRestedTemplate, RestedAsync);
        _ = routes.MapPost(AgentRoutes.CutMarkedTemplate, MarkedAsync);
    }

    private async Task FoundAsync(HttpContext context)
    {
        var (cluster, leased) = await LeasedAsync(context);
        var report = await Json.ReadAsync(context, AgentJson.Default.ClusterReport);
        Check(report);
        await desk.FoundAsync(cluster, report, leased, context.RequestAborted);
        await AnswerAsync(context, cluster.Id);
    }

    private async Task OrdersAsync(HttpContext context)
    {
        var (cluster, _) = await LeasedAsync(context);
        await AnswerAsync(context, cluster.Id);
    }

    private async Task StartedAsync(HttpContext context)
    {
        var (cluster, leased) = await LeasedAsync(context);
        await AnswerAsync(context, await desk.StartedAsync(cluster.Id, leased, context.RequestAborted));
    }

    private async Task BegunAsync(HttpContext context)
    {
        var (cluster, leased) = await LeasedAsync(context);
        var begun = await Json.ReadAsync(context, AgentJson.Default.CutBegun);
        var cut = await CutAsync(context, cluster);
        await AnswerAsync(
            context,
            await leased.Clusters.StopBalancerAsync(cut.Id, begun.BalancerOn, context.RequestAborted)
        );
    }

    private async Task RestedAsync(HttpContext context)
    {
        var (cluster, leased) = await LeasedAsync(context);
        var rested = await Json.ReadAsync(context, AgentJson.Default.CutRested);
        var cut = await CutAsync(context, cluster);
        await AnswerAsync(context, await desk.RestedAsync(cut, rested.Trouble, leased, context.RequestAborted));
    }

    private async Task MarkedAsync(HttpContext context)
    {
        var (cluster, leased) = await LeasedAsync(context);
        var marked = await Json.ReadAsync(context, AgentJson.Default.CutMarked);
        if (marked.Time.ToOptime().IsZero)
        {
            throw BackupHttpServerErrors.BadJson("at '$.time'.");
        }

        var cut = await CutAsync(context, cluster);
        await AnswerAsync(context, await desk.MarkedAsync(cut, marked, leased, context.RequestAborted));
    }

    private async Task<(Deployment Cluster, IMetadataStore Leased)> LeasedAsync(HttpContext context)
    {
        var agent = await gate.AuthenticateAsync(context);
        var cluster = await gate.DeploymentAsync(agent, Json.Route(context, "deploymentId"), context.RequestAborted);
        // A set of a cluster is none itself.
        return cluster.Cluster is null
            ? (cluster, await gate.UnderLeaseAsync(context, agent, cluster.Id))
            : throw BackupHttpServerErrors.Nothing("such cluster");
    }

    private async Task<CutRecord> CutAsync(HttpContext context, Deployment cluster) =>
        await metadata.Clusters.FindCutAsync(Json.Route(context, "cutId"), context.RequestAborted) is { } cut
        && cut.ClusterId == cluster.Id
            ? cut
            : throw BackupHttpServerErrors.Nothing("such cut");

    private async Task AnswerAsync(HttpContext context, string clusterId) =>
        await Json.WriteAsync(
            context,
            await desk.OrdersAsync(clusterId, context.RequestAborted),
            AgentJson.Default.ClusterOrders
        );

    private static Task AnswerAsync(HttpContext context, bool goes) =>
        Json.WriteAsync(context, new CutAnswer(goes), AgentJson.Default.CutAnswer);

    /// <exception cref="Foundation.Errors.BackupException">8018.</exception>
    private static void Check(ClusterReport report)
    {
        var shards = report.Sets.Select(set => set.Shard).ToHashSet(StringComparer.Ordinal);
        var isGood =
            report.SourceId.Length == 24
            && report.SourceId.All(char.IsAsciiHexDigit)
            && report.MongoVersion.Length is > 0 and <= LongestName
            && report.Routers.Count <= ClusterReport.MostSets
            && report.Routers.All(static router => router.Length is > 0 and <= LongestName * 2)
            && report.Sets.Count <= ClusterReport.MostSets
            && shards.Count == report.Sets.Count
            && shards.Contains(ClusterSet.ConfigServers)
            && report.Sets.All(static set =>
                set.Shard.Length is > 0 and <= LongestName && set.Uri.Length is > 0 and <= ClusterSet.LongestUri
            );
        if (!isGood)
        {
            throw BackupHttpServerErrors.BadJson("the report of a cluster: a name, a number or the sets.");
        }
    }
}

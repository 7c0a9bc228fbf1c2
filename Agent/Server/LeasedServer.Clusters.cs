using System.Net.Http.Json;
using System.Text.Json.Serialization.Metadata;
using Backup.Foundation.Contracts;

namespace Backup.Agent.Server;

/// <content>Clusters and their cuts.</content>
internal sealed partial class LeasedServer
{
    /// <summary>Tells what the cluster is made of.</summary>
    public async Task<ClusterOrders> ReportClusterAsync(
        string deploymentId,
        ClusterReport report,
        CancellationToken cancellation
    )
    {
        using var response = await SendAsync(
            () => Post(AgentRoutes.Cluster(deploymentId), JsonContent.Create(report, AgentJson.Default.ClusterReport)),
            cancellation
        );
        return await Answers.ReadAsync(response, AgentJson.Default.ClusterOrders, cancellation);
    }

    /// <summary>What is to be done for the cluster now.</summary>
    public async Task<ClusterOrders> ClusterOrdersAsync(string deploymentId, CancellationToken cancellation)
    {
        using var response = await SendAsync(
            () => new HttpRequestMessage(HttpMethod.Get, AgentRoutes.Cluster(deploymentId)),
            cancellation
        );
        return await Answers.ReadAsync(response, AgentJson.Default.ClusterOrders, cancellation);
    }

    /// <returns>Whether the balancer may be stopped now: that it is going to be is durable at the server.</returns>
    public Task<bool> CutBegunAsync(
        string deploymentId,
        string cutId,
        bool balancerOn,
        CancellationToken cancellation
    ) =>
        StepAsync(
            AgentRoutes.Cut(deploymentId, cutId, "begun"),
            new CutBegun(balancerOn),
            AgentJson.Default.CutBegun,
            cancellation
        );

    /// <returns>Whether tokens are to be written now.</returns>
    public Task<bool> CutRestedAsync(
        string deploymentId,
        string cutId,
        Fault? trouble,
        CancellationToken cancellation
    ) =>
        StepAsync(
            AgentRoutes.Cut(deploymentId, cutId, "rested"),
            new CutRested(trouble),
            AgentJson.Default.CutRested,
            cancellation
        );

    /// <returns>Whether it is the cut's time from now on.</returns>
    public Task<bool> CutMarkedAsync(
        string deploymentId,
        string cutId,
        CutMarked marked,
        CancellationToken cancellation
    ) => StepAsync(AgentRoutes.Cut(deploymentId, cutId, "marked"), marked, AgentJson.Default.CutMarked, cancellation);

    /// <returns>False where it is to be stopped again.</returns>
    public Task<bool> BalancerStartedAsync(string deploymentId, CancellationToken cancellation) =>
        StepAsync<CutBegun>(AgentRoutes.BalancerStarted(deploymentId), body: null, type: null, cancellation);

    private async Task<bool> StepAsync<T>(string route, T? body, JsonTypeInfo<T>? type, CancellationToken cancellation)
        where T : class
    {
        using var response = await SendAsync(
            () => Post(route, type is null ? null : JsonContent.Create(body!, type)),
            cancellation
        );
        return (await Answers.ReadAsync(response, AgentJson.Default.CutAnswer, cancellation)).Goes;
    }
}

using Backup.Agent.Server;
using Backup.Agent.Work;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;

namespace Backup.Agent.Clusters;

/// <summary>
/// The work on a cluster as a whole, beside that on each of its sets: tells the server what it is made of, makes its cuts, and starts its balancer
/// where that was stopped for a cut and nobody needs it at rest.
/// </summary>
/// <param name="deployment">Its deployment.</param>
/// <param name="routers">Its routers.</param>
/// <param name="interval">How often it is looked at: shards that come and go, members that change, the balancer.</param>
/// <param name="server">Under its lease.</param>
/// <param name="status">What heartbeats say of it.</param>
/// <param name="log">What it does.</param>
/// <param name="time">The clock.</param>
internal sealed class ClusterWork(
    ConfiguredDeployment deployment,
    MongoClient routers,
    TimeSpan interval,
    LeasedServer server,
    WorkStatus status,
    AgentLog log,
    TimeProvider time
)
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    private readonly Balancer _balancer = new(routers, time);

    /// <summary>Runs until it is cancelled.</summary>
    /// <exception cref="BackupException">What failed; to be begun again.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await ClusterPrivileges.CheckAsync(routers, cancellation);
        await using var cuts = new CutMaker(deployment, routers, server, log, time);
        ClusterMap? map = null;
        var looked = 0L;
        while (true)
        {
            ClusterOrders orders;
            if (map is null || time.GetElapsedTime(looked) >= interval)
            {
                looked = time.GetTimestamp();
                var next = await ClusterSource.ReadAsync(routers, cancellation);
                var balancer = await _balancer.StatusAsync(cancellation);
                orders = await server.ReportClusterAsync(deployment.Id, Report(next, balancer), cancellation);
                Tell(map, next);
                map = next;
            }
            else
            {
                orders = await server.ClusterOrdersAsync(deployment.Id, cancellation);
            }

            // The balancer first: a set that does not answer is no reason to leave it off.
            if (orders.StartBalancer)
            {
                await cuts.StartBalancerAsync(cancellation);
            }

            status.Phase = orders.Cut is { } at ? $"making a cut: {at.Stage}" : "watching the cluster";
            if (orders.Cut is { } cut)
            {
                await cuts.WorkAsync(cut, map, cancellation);
            }
            else
            {
                await cuts.RestAsync();
            }

            status.SetFault(null);
            if (orders.Cut is null or { Stage: CutStages.Settled })
            {
                await Task.Delay(Poll, time, cancellation);
            }
        }
    }

    private ClusterReport Report(ClusterMap map, BalancerStatus balancer) =>
        new(
            map.SourceId,
            map.MongoVersion,
            map.Routers,
            [
                .. map.Sets.Select(set => new ClusterSet(
                    set.Shard,
                    SetUri.Of(deployment.Uri, routers.Source, set.ReplicaSet, set.Hosts)
                )),
            ],
            balancer.IsOn
        );

    private void Tell(ClusterMap? before, ClusterMap now)
    {
        var names = string.Join(", ", now.Sets.Select(set => set.Shard));
        if (before is null || !before.Sets.Select(set => set.Shard).SequenceEqual(now.Sets.Select(set => set.Shard)))
        {
            log.Info("cluster found", deployment.Name, $"{names}; {now.Routers.Count} routers");
        }
    }
}

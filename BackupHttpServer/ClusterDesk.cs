using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.Metadata;

namespace Backup.BackupHttpServer;

/// <summary>Takes in what agents say of clusters and their cuts, and tells what is to be done next, from what is durable alone.</summary>
/// <param name="metadata">Read.</param>
/// <param name="balancerPatience">How long an agent waits for the balancer to rest.</param>
/// <param name="time">The clock.</param>
internal sealed class ClusterDesk(IMetadataStore metadata, TimeSpan balancerPatience, TimeProvider time)
{
    /// <summary>Stores what was found: each set becomes a deployment of its own.</summary>
    /// <param name="cluster">Its deployment.</param>
    /// <param name="report">What the agent found.</param>
    /// <param name="leased">Writes under the agent's lease.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="Foundation.Errors.BackupException">2100 a URI of a set, 6017 another cluster than before.</exception>
    public async Task FoundAsync(
        Deployment cluster,
        ClusterReport report,
        IMetadataStore leased,
        CancellationToken cancellation
    )
    {
        var now = time.GetUtcNow();
        var found = new ClusterRecord(
            cluster.Id,
            report.SourceId,
            report.MongoVersion,
            report.Routers,
            report.BalancerOn ? BalancerState.On : BalancerState.Off,
            now
        );
        var members = report.Sets.Select(set => Member(cluster, set, now)).ToList();
        _ = await leased.Clusters.FoundAsync(found, members, cancellation);
    }

    public async Task<ClusterOrders> OrdersAsync(string clusterId, CancellationToken cancellation)
    {
        var cut = await metadata.Clusters.OpenCutAsync(clusterId, cancellation);
        var cluster = await metadata.Clusters.FindAsync(clusterId, cancellation);
        // One that is wanted is going to stop it again at once.
        var mayRun = cut is null or { State: CutState.Settled };
        return new ClusterOrders(
            cut is null ? null : await OrderAsync(cut, cluster?.Debt is not null, cancellation),
            mayRun && cluster?.Debt is not null
        );
    }

    /// <summary>Stopping → Marking, or the cut fails where its cluster's policy wants a balancer at rest.</summary>
    public async Task<bool> RestedAsync(
        CutRecord cut,
        Fault? trouble,
        IMetadataStore leased,
        CancellationToken cancellation
    )
    {
        if (cut.State == CutState.Marking)
        {
            // Said before, and the answer was lost.
            return true;
        }

        return await PassesAsync(cut, trouble, leased, cancellation)
            && await leased.Clusters.AdvanceCutAsync(
                Flagged(cut with { State = CutState.Marking, BalancerRested = true }, trouble),
                CutState.Stopping,
                cancellation
            );
    }

    /// <summary>Marking → Settled.</summary>
    public async Task<bool> MarkedAsync(
        CutRecord cut,
        CutMarked marked,
        IMetadataStore leased,
        CancellationToken cancellation
    )
    {
        if (cut.State == CutState.Settled)
        {
            return true;
        }

        var settled = cut with { State = CutState.Settled, Time = marked.Time.ToOptime() with { Term = -1 } };
        return await PassesAsync(cut, marked.Trouble, leased, cancellation)
            && await leased.Clusters.AdvanceCutAsync(Flagged(settled, marked.Trouble), CutState.Marking, cancellation);
    }

    /// <summary>The balancer is on again.</summary>
    public Task<bool> StartedAsync(string clusterId, IMetadataStore leased, CancellationToken cancellation) =>
        leased.Clusters.BalancerStartedAsync(clusterId, cancellation);

    private static CutRecord Flagged(CutRecord cut, Fault? trouble) =>
        trouble is null
            ? cut
            : cut with
            {
                BalancerRested = false,
                Code = trouble.Code,
                Message = trouble.Message,
                Hint = trouble.Hint,
            };

    private async Task<bool> PassesAsync(
        CutRecord cut,
        Fault? trouble,
        IMetadataStore leased,
        CancellationToken cancellation
    )
    {
        var policy = await metadata.Deployments.PolicyAsync(cut.ClusterId, cancellation);
        if (trouble is null || policy.Balancer == BalancerRule.Flag)
        {
            return true;
        }

        await leased.Clusters.FailCutAsync(cut.Id, trouble.Code, trouble.Message, trouble.Hint, cancellation);
        return false;
    }

    private async Task<CutOrder> OrderAsync(CutRecord cut, bool isOwed, CancellationToken cancellation)
    {
        var names = await NamesAsync(cut.Sets, cancellation);
        var silent = new List<string>();
        if (cut.State == CutState.Settled)
        {
            foreach (var (id, name) in names)
            {
                if (!await HasPassedAsync(id, cut.Time, cancellation))
                {
                    silent.Add(name);
                }
            }
        }

        return new CutOrder(
            cut.Id,
            cut.State switch
            {
                CutState.Wanted => CutStages.Wanted,
                CutState.Stopping => CutStages.Stopping,
                CutState.Marking => CutStages.Marking,
                _ => CutStages.Settled,
            },
            [.. names.Values],
            silent,
            (int)Math.Clamp(balancerPatience.TotalSeconds, 1, 3600),
            cut.State == CutState.Settled ? WireOptime.From(cut.Time) : null,
            isOwed
        );
    }

    private async Task<Dictionary<string, string>> NamesAsync(
        IReadOnlyList<string> sets,
        CancellationToken cancellation
    )
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var id in sets)
        {
            var set = await metadata.Deployments.FindReplicaSetAsync(id, cancellation);
            var deployment = set is null ? null : await metadata.Deployments.FindAsync(set.DeploymentId, cancellation);
            if (deployment?.Cluster is { } membership)
            {
                names[id] = membership.Shard;
            }
        }

        return names;
    }

    /// <summary>Whether an entry after that time is stored: then all up to it are.</summary>
    private async Task<bool> HasPassedAsync(string replicaSetId, Optime at, CancellationToken cancellation)
    {
        var set = await metadata.Deployments.FindReplicaSetAsync(replicaSetId, cancellation);
        var newest = set?.SyncId is { } sync ? await metadata.OplogSlices.NewestAsync(sync, cancellation) : null;
        return newest is not null && newest.Last.Timestamp > at.Timestamp;
    }

    private static Deployment Member(Deployment cluster, ClusterSet set, DateTimeOffset now)
    {
        _ = MongoWire.Uri.ConnectionString.Parse(set.Uri);
        var isConfig = set.Shard == ClusterMembership.ConfigServers;
        return new Deployment(
            Guid.CreateVersion7(now).ToString(),
            cluster.GroupId,
            $"{cluster.Name}/{set.Shard}",
            DeploymentTypes.ReplicaSet,
            set.Uri,
            now
        )
        {
            Cluster = new ClusterMembership(cluster.Id, set.Shard),
            // Without all of the config servers nothing of the cluster can be restored.
            Namespaces = isConfig ? NamespaceFilter.Everything : cluster.Namespaces,
        };
    }
}

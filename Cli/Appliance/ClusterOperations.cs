using System.Globalization;
using Backup.Daemon.Clusters;
using Backup.Daemon.Schedule;
using Backup.Metadata;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Appliance;

/// <summary>What the commands ask of sharded clusters as a whole.</summary>
/// <param name="metadata">The catalogue of everything.</param>
/// <param name="time">The clock.</param>
internal sealed class ClusterOperations(IMetadataStore metadata, TimeProvider time)
{
    private readonly Retention _retention = new(metadata, time);

    /// <summary>Newest first: the complete snapshots.</summary>
    /// <param name="cluster">As users name it.</param>
    /// <param name="all">Those that failed or are being made, and checkpoints, too.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="Foundation.Errors.BackupException">9530 there is no such cluster.</exception>
    internal async Task<IReadOnlyList<ClusterSnapshotView>> SnapshotsAsync(
        string cluster,
        bool all,
        CancellationToken cancellation
    )
    {
        var found = await ClusterNames.RequireAsync(metadata, cluster, cancellation);
        var keepings = await KeepingsAsync(found, cancellation);
        var parts = await PartsAsync(found.Id, cancellation);
        return
        [
            .. (await metadata.Clusters.CutsAsync(found.Id, cancellation))
                .Where(cut => all || cut.IsSnapshot)
                .Select(cut => View(found, cut, PartsOf(cut, parts), keepings.GetValueOrDefault(cut.Id))),
        ];
    }

    /// <summary>Null where no agent has found it yet.</summary>
    /// <param name="glance">In which it is.</param>
    /// <param name="cluster">Its deployment.</param>
    /// <param name="sets">What is shown of each replica set of a deployment.</param>
    internal static ClusterView? Status(
        Glance glance,
        Deployment cluster,
        Func<string, IReadOnlyList<ReplicaSetView>> sets
    )
    {
        if (glance.Clusters.GetValueOrDefault(cluster.Id) is not { } record)
        {
            return null;
        }

        var cuts = glance.Cuts[cluster.Id].ToList();
        var newest = cuts.Find(static cut => cut.IsSnapshot);
        var open = cuts.Find(static cut => cut.IsOpen);
        var members = glance
            .Deployments.Where(one => one.Cluster?.DeploymentId == cluster.Id && one.IsProtected == cluster.IsProtected)
            .OrderBy(one => one.Cluster!.IsConfigServers ? 0 : 1)
            .ThenBy(one => one.Cluster!.Shard, StringComparer.Ordinal);
        return new ClusterView(
            record.SourceId,
            record.MongoVersion,
            record.Routers,
            Lower(record.Balancer),
            record.SeenAt,
            [.. members.Select(member => View(member, sets(member.Id)))],
            cuts.Count(static cut => cut.IsSnapshot)
        )
        {
            StoppedSince = record.Debt?.Since,
            Newest = newest is null ? null : View(cluster, newest, PartsOf(glance, newest)),
            UnderWay = open is null ? null : View(cluster, open, PartsOf(glance, open)),
        };
    }

    internal static MembershipView? Membership(Glance glance, Deployment deployment) =>
        deployment.Cluster is { } member
        && glance.Deployments.FirstOrDefault(one => one.Id == member.DeploymentId) is { } cluster
            ? new MembershipView(cluster.Name, member.Shard)
            : null;

    private static ClusterMemberView View(Deployment member, IReadOnlyList<ReplicaSetView> sets)
    {
        var set = sets.LastOrDefault(one => one.State != "stopped") ?? (sets.Count > 0 ? sets[^1] : null);
        return new ClusterMemberView(
            member.Cluster!.Shard,
            member.Name,
            set?.Name,
            set?.State ?? ApplianceOperations.StateName(ReplicaSetState.Waiting),
            set?.LagSeconds ?? 0
        );
    }

    private async Task<Dictionary<string, Keeping>> KeepingsAsync(Deployment cluster, CancellationToken cancellation)
    {
        var policy = await metadata.Deployments.PolicyAsync(cluster.Id, cancellation);
        return (await _retention.OfClusterAsync(cluster, policy, cancellation)).ToDictionary(
            static one => one.Cut.Id,
            static one => one.Keeping,
            StringComparer.Ordinal
        );
    }

    /// <param name="cluster">Its deployment.</param>
    /// <param name="cut">Of that cluster.</param>
    /// <param name="parts">Of that cut.</param>
    /// <param name="keeping">What becomes of it; null where nobody asks.</param>
    internal static ClusterSnapshotView View(
        Deployment cluster,
        CutRecord cut,
        IReadOnlyList<ClusterPartView> parts,
        Keeping? keeping = null
    )
    {
        return new ClusterSnapshotView(
            cut.Id,
            cluster.Name,
            Lower(cut.Kind),
            Lower(cut.State),
            cut.Time.IsZero ? null : new OptimeView(cut.Time.T, cut.Time.I),
            parts,
            parts.Sum(part => part.Documents),
            parts.Sum(part => part.RawBytes),
            parts.Sum(part => part.NewBytes),
            parts.Sum(part => part.StoredBytes),
            cut.BalancerRested,
            cut.CreatedAt,
            keeping is null ? cut.ExpiresAt : keeping.Until,
            cut.Trigger,
            cut.Code is { } code ? new ErrorView(code, cut.Message ?? "", cut.Hint ?? "") : null
        )
        {
            PinnedAt = cut.PinnedAt,
            Kept = keeping is null ? null : SnapshotViews.Of(keeping),
        };
    }

    /// <summary>In the order in which the cut names its sets; none of one that is no complete snapshot.</summary>
    internal static IReadOnlyList<ClusterPartView> PartsOf(Glance glance, CutRecord cut)
    {
        var parts = new Dictionary<(string Cut, string Set), ClusterPartView>();
        foreach (var id in cut.IsSnapshot ? cut.Sets : [])
        {
            if (glance.Snapshots[id].FirstOrDefault(one => one.CutId == cut.Id) is { } part)
            {
                var set = glance.ReplicaSets.First(one => one.Id == id);
                parts[(cut.Id, id)] = View(part, set, glance.Deployments.First(one => one.Id == set.DeploymentId));
            }
        }

        return PartsOf(cut, parts);
    }

    private static IReadOnlyList<ClusterPartView> PartsOf(
        CutRecord cut,
        Dictionary<(string Cut, string Set), ClusterPartView> parts
    ) =>
        cut.IsSnapshot
            ? [.. cut.Sets.Select(set => parts.GetValueOrDefault((cut.Id, set))).OfType<ClusterPartView>()]
            : [];

    private async Task<Dictionary<(string Cut, string Set), ClusterPartView>> PartsAsync(
        string clusterId,
        CancellationToken cancellation
    )
    {
        var parts = new Dictionary<(string Cut, string Set), ClusterPartView>();
        foreach (var (_, deployment, set) in await ClusterMember.OfAsync(metadata, clusterId, cancellation))
        {
            foreach (var one in await metadata.Snapshots.ListAsync(set.Id, cancellation))
            {
                if (one.CutId is { } cut)
                {
                    parts[(cut, set.Id)] = View(one, set, deployment);
                }
            }
        }

        return parts;
    }

    private static ClusterPartView View(SnapshotRecord part, ReplicaSetRecord set, Deployment deployment) =>
        new(
            deployment.Cluster?.Shard ?? set.Name,
            part.Id,
            part.Documents,
            part.RawBytes,
            part.NewBytes,
            part.StoredBytes
        );

    private static string Lower<T>(T value)
        where T : struct, Enum => value.ToString().ToLower(CultureInfo.InvariantCulture);
}

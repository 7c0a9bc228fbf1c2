using System.Globalization;
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
        var views = new List<ClusterSnapshotView>();
        foreach (var cut in await metadata.Clusters.CutsAsync(found.Id, cancellation))
        {
            if (all || cut.IsSnapshot)
            {
                views.Add(await ViewAsync(found, cut, cancellation, keepings));
            }
        }

        return views;
    }

    internal async Task<ClusterSnapshotView?> FindSnapshotAsync(string cutId, CancellationToken cancellation) =>
        await metadata.Clusters.FindCutAsync(cutId, cancellation) is { } cut
        && await metadata.Deployments.FindAsync(cut.ClusterId, cancellation) is { } cluster
            ? await ViewAsync(cluster, cut, cancellation, await KeepingsAsync(cluster, cancellation))
            : null;

    /// <summary>Null where no agent has found it yet.</summary>
    /// <param name="cluster">Its deployment.</param>
    /// <param name="sets">What is shown of each replica set of a deployment.</param>
    /// <param name="cancellation">Gives up.</param>
    internal async Task<ClusterView?> StatusAsync(
        Deployment cluster,
        Func<string, IReadOnlyList<ReplicaSetView>> sets,
        CancellationToken cancellation
    )
    {
        if (await metadata.Clusters.FindAsync(cluster.Id, cancellation) is not { } record)
        {
            return null;
        }

        var cuts = await metadata.Clusters.CutsAsync(cluster.Id, cancellation);
        var newest = cuts.FirstOrDefault(static cut => cut.IsSnapshot);
        var open = cuts.FirstOrDefault(cut => cut.IsOpen);
        var members = (await metadata.Deployments.ListAsync(cancellation))
            .Where(one => one.Cluster?.DeploymentId == cluster.Id && one.IsProtected == cluster.IsProtected)
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
            Newest = newest is null ? null : await ViewAsync(cluster, newest, cancellation),
            UnderWay = open is null ? null : await ViewAsync(cluster, open, cancellation),
        };
    }

    internal async Task<MembershipView?> MembershipAsync(Deployment deployment, CancellationToken cancellation) =>
        deployment.Cluster is { } member
        && await metadata.Deployments.FindAsync(member.DeploymentId, cancellation) is { } cluster
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
    /// <param name="cancellation">Gives up.</param>
    /// <param name="keepings">What becomes of its snapshots; null where nobody asks.</param>
    private async Task<ClusterSnapshotView> ViewAsync(
        Deployment cluster,
        CutRecord cut,
        CancellationToken cancellation,
        Dictionary<string, Keeping>? keepings = null
    )
    {
        var keeping = keepings?.GetValueOrDefault(cut.Id);
        var parts = cut.IsSnapshot ? await PartsAsync(cut, cancellation) : [];
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

    private async Task<List<ClusterPartView>> PartsAsync(CutRecord cut, CancellationToken cancellation)
    {
        var parts = new List<ClusterPartView>();
        foreach (var setId in cut.Sets)
        {
            var set = await metadata.Deployments.FindReplicaSetAsync(setId, cancellation);
            var deployment = set is null ? null : await metadata.Deployments.FindAsync(set.DeploymentId, cancellation);
            var snapshots = await metadata.Snapshots.ListAsync(setId, cancellation);
            if (snapshots.FirstOrDefault(one => one.CutId == cut.Id) is { } part)
            {
                parts.Add(
                    new ClusterPartView(
                        deployment?.Cluster?.Shard ?? set!.Name,
                        part.Id,
                        part.Documents,
                        part.RawBytes,
                        part.NewBytes,
                        part.StoredBytes
                    )
                );
            }
        }

        return parts;
    }

    private static string Lower<T>(T value)
        where T : struct, Enum => value.ToString().ToLower(CultureInfo.InvariantCulture);
}

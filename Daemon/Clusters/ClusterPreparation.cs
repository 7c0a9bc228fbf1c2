using Backup.Daemon.Targets;
using Backup.Foundation.Errors;
using Backup.Snapshots.Exports;

namespace Backup.Daemon.Clusters;

/// <summary>
/// Makes an empty cluster like the one that a <see cref="ClusterDescription"/> describes, and checks in the end what was loaded into it. In between the
/// balancer rests: chunks stay where they were.
/// </summary>
/// <param name="target">The new cluster's mongos.</param>
/// <param name="time">The clock.</param>
public sealed class ClusterPreparation(RestoreTarget target, TimeProvider time)
{
    private readonly TargetCommands _commands = new(target, time);

    /// <param name="described">The source.</param>
    /// <param name="named">By the source's shard the target's, where it was given; the others stand for each other in the order of their names.</param>
    /// <param name="progress">Told now and then.</param>
    /// <param name="cancellation">Stops; what was made stays.</param>
    /// <returns>What is not as it was, for people.</returns>
    /// <exception cref="BackupException">9030, 9031, 9034.</exception>
    public async Task<IReadOnlyList<string>> PrepareAsync(
        ClusterDescription described,
        IReadOnlyDictionary<string, string> named,
        IProgress<TargetProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        var writer = new TargetWriter(target, new TargetOptions(), time);
        var standIns = StandIns(
            [.. described.Layout.Shards.Select(static shard => shard.Name)],
            RequireCluster() ? [.. (await writer.ShardsAsync(cancellation)).Select(static shard => shard.Name)] : [],
            named
        );
        await _commands.RunAsync(
            "stopping the balancer",
            "admin",
            static w => w.Int32("balancerStop"u8, 1),
            cancellation
        );
        var content = new ExportContent(
            [.. described.Items.Where(static item => item.Type == ExportItem.Collection && item.Database != "admin")],
            described.Sets[0].MongoVersion,
            time.GetUtcNow(),
            0
        );
        return await writer.PrepareClusterAsync(content, described.Layout, standIns, progress, cancellation);
    }

    /// <summary>
    /// Counts what is there, and starts the balancer where it was on, also where something differs. A collection that is whole gets the expiry of its own
    /// that it was made without; of what expires already documents may be gone.
    /// </summary>
    /// <returns>Documents counted.</returns>
    /// <exception cref="BackupException">9032 with all that differs; 9031, 9034: then the balancer is as it was.</exception>
    public async Task<long> CheckAsync(
        ClusterDescription described,
        IProgress<TargetProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        RequireCluster();
        var all = 0L;
        var expiry = new TargetExpiry(_commands);
        var differences = new List<string>();
        foreach (var item in described.Items.Where(static item => item.DataName is not null))
        {
            progress?.Report(new TargetProgress("count", item.Namespace, all, 0, 0));
            var wanted = described.Counts.GetValueOrDefault(item.Namespace);
            var found = await _commands.CountAsync(item.Database, item.DataName!, cancellation);
            all += found;
            if (found > wanted || (found < wanted && !TargetExpiry.Has(item)))
            {
                differences.Add($"'{item.Namespace}' has {found} documents instead of {wanted}");
            }
            else
            {
                await expiry.ArmCollectionAsync(item, cancellation);
            }
        }

        if (described.Layout.IsBalancerOn)
        {
            await _commands.RunAsync(
                "starting the balancer",
                "admin",
                static w => w.Int32("balancerStart"u8, 1),
                cancellation
            );
        }

        return differences.Count == 0
            ? all
            : throw DaemonErrors.WrongCounts(differences, described.Layout.IsBalancerOn);
    }

    /// <summary>Which shard stands for which.</summary>
    public static Dictionary<string, string> StandIns(
        IReadOnlyList<string> sources,
        IReadOnlyList<string> targets,
        IReadOnlyDictionary<string, string> named
    )
    {
        foreach (var (source, wanted) in named)
        {
            if (!sources.Contains(source) || !targets.Contains(wanted))
            {
                throw DaemonErrors.UnfitTarget(
                    $"'{source}={wanted}' names no pair of shards: the restored cluster has {string.Join(", ", sources)}, the target has {string.Join(", ", targets)}.",
                    "Write OLD=NEW with a shard of each."
                );
            }
        }

        var standIns = new Dictionary<string, string>(named, StringComparer.Ordinal);
        var free = targets.Except(named.Values).Order(StringComparer.Ordinal).ToList();
        var open = sources.Except(named.Keys).Order(StringComparer.Ordinal).ToList();
        if (sources.Count != targets.Count || free.Count != open.Count)
        {
            throw DaemonErrors.UnfitTarget(
                $"The restored cluster has {sources.Count} shards, the target has {targets.Count}, and each has to stand for one.",
                "Into a cluster of another shape it is restored with 'backup restore CLUSTER … --to URI'."
            );
        }

        foreach (var (source, wanted) in open.Zip(free))
        {
            standIns[source] = wanted;
        }

        return standIns;
    }

    private bool RequireCluster() =>
        target.IsCluster
            ? true
            : throw DaemonErrors.UnfitTarget(
                "The target is no mongos of a sharded cluster.",
                "Name the mongos of the new cluster, or restore into a replica set with 'backup restore CLUSTER … --to URI'."
            );
}

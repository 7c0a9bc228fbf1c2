using Backup.Daemon.PointInTime;
using Backup.Daemon.Restores;
using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.Oplog;
using Backup.Snapshots.Heads;
using Backup.Snapshots.Sharding;

namespace Backup.Daemon.Clusters;

/// <summary>Opens every set of a cluster at one moment: what is wrong with any of them is said before a byte is written.</summary>
internal sealed class ClusterOpener(RestoreServices services)
{
    /// <summary>Sets replayed at the same time.</summary>
    private const int Parallelism = 2;

    private const long LeastMemory = 8L << 20;

    /// <summary>A complete cut: the snapshots that are its parts, or, of a checkpoint, its moment.</summary>
    /// <exception cref="BackupException">9035 to 9039; those of opening a snapshot.</exception>
    internal async Task<OpenCluster> OpenAsync(
        Deployment cluster,
        CutRecord cut,
        IProgress<ReplayProgress>? progress,
        CancellationToken cancellation
    )
    {
        if (cut.State != CutState.Complete || cut.ClusterId != cluster.Id)
        {
            throw DaemonErrors.UnknownCut(cut.Id, cluster.Name);
        }

        if (cut.Kind == CutKind.Checkpoint)
        {
            return await OpenAsync(cluster, RestorePoint.UpTo(cut.Time), progress, cancellation);
        }

        var opener = new SourceOpener(services);
        var members = (await ClusterMember.OfAsync(services.Metadata, cluster.Id, cancellation))
            .Where(one => cut.Sets.Contains(one.Set.Id))
            .ToList();
        try
        {
            return await OpenAsync(cluster, cut.Time, $"the snapshot {cut.Id}", members, PartAsync, cut.Id);
        }
        catch (SetRefused refused)
        {
            throw DaemonErrors.MomentOfSet(cluster.Name, refused.Set, $"snapshot {cut.Id}", refused.Cause, near: "");
        }

        async Task<OpenSource> PartAsync(ClusterMember member)
        {
            var parts = await services.Metadata.Snapshots.ListAsync(member.Set.Id, cancellation);
            return await opener.OpenAsync(
                parts.FirstOrDefault(one => one.CutId == cut.Id)
                    ?? throw DaemonErrors.MissingPart(cut.Id, member.Shard),
                cancellation
            );
        }
    }

    /// <summary>Any moment: each set replayed from its nearest base. The moment of a snapshot is that snapshot, wherever the oplog is.</summary>
    /// <param name="cluster">Its deployment.</param>
    /// <param name="point">The moment.</param>
    /// <param name="progress">Told how far the replay is.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <param name="select">What takes the operations of shards in the place of the head that it is given; null: the head.</param>
    /// <exception cref="BackupException">9035 to 9037; those of reading.</exception>
    internal async Task<OpenCluster> OpenAsync(
        Deployment cluster,
        RestorePoint point,
        IProgress<ReplayProgress>? progress,
        CancellationToken cancellation,
        Func<Head, IOperationTarget>? select = null
    )
    {
        var exact = (await services.Metadata.Clusters.CutsAsync(cluster.Id, cancellation)).FirstOrDefault(cut =>
            cut is { State: CutState.Complete, Kind: CutKind.Snapshot } && cut.Time.Timestamp == point.AtMost.Timestamp
        );
        if (exact is not null)
        {
            return await OpenAsync(cluster, exact, progress, cancellation);
        }

        var members = await ClusterMember.OfAsync(services.Metadata, cluster.Id, cancellation);
        var opener = new SourceOpener(Modest(services, members.Count));
        var told = progress is null ? null : new ReplaySum(progress);
        try
        {
            return await OpenAsync(
                cluster,
                point.AtMost,
                point.Text,
                members,
                member =>
                    opener.OpenAsync(
                        member.Set,
                        point,
                        told?.Of(member.Set.Id),
                        cancellation,
                        member.IsConfigServers ? null : select
                    ),
                snapshotId: null
            );
        }
        catch (SetRefused refused)
        {
            var near = await NearAsync(cluster, point, cancellation);
            throw DaemonErrors.MomentOfSet(cluster.Name, refused.Set, point.Text, refused.Cause, near);
        }
    }

    /// <summary>For each of so many sets that are replayed at the same time.</summary>
    internal static RestoreServices Modest(RestoreServices services, int sets)
    {
        var memory = Math.Max(LeastMemory, services.Options.RestoreMemtableBytes / Math.Max(1, sets));
        return services with { Options = services.Options with { RestoreMemtableBytes = memory } };
    }

    private static async Task<OpenCluster> OpenAsync(
        Deployment cluster,
        Optime time,
        string what,
        IReadOnlyList<ClusterMember> members,
        Func<ClusterMember, Task<OpenSource>> open,
        string? snapshotId
    )
    {
        var opened = new List<OpenMember>();
        try
        {
            opened.Add(await FirstAsync(cluster, ClusterMembership.ConfigServers, what, members, open));
            var layout = await ClusterLayoutReader.ReadAsync(opened[0].Source.Reader);
            // Config servers that are a shard too are open already.
            var shards = layout.Shards.Where(static one => one.Name != ClusterMembership.ConfigServers).ToList();
            await Parallel.ForEachAsync(
                shards,
                new ParallelOptions { MaxDegreeOfParallelism = Parallelism },
                async (shard, _) =>
                {
                    var named = members.Where(one => one.Shard == shard.Name).ToList();
                    // A name may have been given again to another replica set.
                    var same = named.FindAll(one => one.Set.Name == shard.ReplicaSet);
                    var one = await FirstAsync(cluster, shard.Name, what, same.Count > 0 ? same : named, open);
                    lock (opened)
                    {
                        opened.Add(one);
                    }
                }
            );
            var ordered = opened
                .OrderBy(static one => one.Member.IsConfigServers ? 0 : 1)
                .ThenBy(static one => one.Name, StringComparer.Ordinal);
            return new OpenCluster(cluster, layout, time, [.. ordered]) { SnapshotId = snapshotId };
        }
        catch
        {
            foreach (var one in opened)
            {
                await one.Source.DisposeAsync();
            }

            throw;
        }
    }

    /// <summary>The newest of the sets of that name that can be opened.</summary>
    private static async Task<OpenMember> FirstAsync(
        Deployment cluster,
        string name,
        string what,
        IReadOnlyList<ClusterMember> members,
        Func<ClusterMember, Task<OpenSource>> open
    )
    {
        BackupException? cause = null;
        foreach (var member in members.Where(one => one.Shard == name).Reverse())
        {
            try
            {
                return new OpenMember(member, await open(member));
            }
            catch (BackupException failure) when (IsOfMoment(failure))
            {
                cause ??= failure;
            }
        }

        throw cause is not null ? new SetRefused(name, cause)
        : name == ClusterMembership.ConfigServers ? DaemonErrors.NothingOfCluster(cluster.Name)
        : DaemonErrors.UnknownShard(cluster.Name, name, what);
    }

    private static bool IsOfMoment(BackupException failure) =>
        failure.Number
            is DaemonErrors.MomentInGap
                or DaemonErrors.MomentTooOld
                or DaemonErrors.MomentNotStored
                or DaemonErrors.TransactionUndecided
                or DaemonErrors.NothingToRestore
                or DaemonErrors.EntriesMissing;

    private async Task<string> NearAsync(Deployment cluster, RestorePoint point, CancellationToken cancellation)
    {
        ClusterTimeline timeline;
        try
        {
            timeline = await new ClusterTimelineReader(services).ReadAsync(cluster.Id, cancellation);
        }
        catch (BackupException)
        {
            // Why the moment cannot be restored says more than why others cannot be listed.
            return "";
        }

        var moments = timeline
            .Ranges.SelectMany(static range => new[] { range.From, range.To })
            .Concat(timeline.Cuts.Where(static cut => cut.Kind == CutKind.Snapshot).Select(static cut => cut.Time))
            .ToList();
        return point.Near(moments);
    }

    /// <summary>On its way to the error that also names what is near.</summary>
    private sealed class SetRefused(string set, BackupException cause) : Exception
    {
        internal string Set => set;

        internal BackupException Cause => cause;
    }

    /// <summary>The replays of several sets as one.</summary>
    private sealed class ReplaySum(IProgress<ReplayProgress> progress)
    {
        private readonly Dictionary<string, ReplayProgress> _sets = new(StringComparer.Ordinal);

        internal IProgress<ReplayProgress> Of(string set) => new One(this, set);

        private void Report(string set, ReplayProgress value)
        {
            lock (_sets)
            {
                _sets[set] = value;
                progress.Report(
                    new ReplayProgress(
                        value.At,
                        _sets.Values.Sum(static one => one.Bytes),
                        _sets.Values.Sum(static one => one.ExpectedBytes)
                    )
                );
            }
        }

        private sealed class One(ReplaySum sum, string set) : IProgress<ReplayProgress>
        {
            public void Report(ReplayProgress value) => sum.Report(set, value);
        }
    }
}

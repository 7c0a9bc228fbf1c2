using Backup.Blockstore;
using Backup.Daemon.Heads;
using Backup.Daemon.PointInTime;
using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.Oplog;
using Backup.Snapshots;
using Backup.Snapshots.Heads;
using Backup.Snapshots.Reading;
using Backup.Snapshots.Sharding;

namespace Backup.Daemon.Clusters;

/// <summary>A stretch through which a cluster had, at most, these shards.</summary>
internal sealed record ShardStretch(ClusterRange Range, IReadOnlyList<ShardDefinition> Shards);

/// <summary>
/// Which shards a cluster had when, by what its config servers' backup says of <c>config.shards</c>: read at every snapshot, and where it may have changed
/// in between followed through the stored oplog.
/// </summary>
internal sealed class ShardHistory(RestoreServices services)
{
    private const string Shards = "config.shards";

    // The clocks of the source and of this machine, and the time until an agent tells of a new shard.
    private static readonly TimeSpan Slack = TimeSpan.FromMinutes(5);

    /// <param name="config">The config servers.</param>
    /// <param name="epoch">Of them, with a range.</param>
    /// <param name="changes">When, by this machine's clock, sets came into the cluster or left it.</param>
    /// <param name="cancellation">Gives up.</param>
    internal async Task<IReadOnlyList<ShardStretch>> ReadAsync(
        ClusterMember config,
        Epoch epoch,
        IReadOnlyList<DateTimeOffset> changes,
        CancellationToken cancellation
    )
    {
        var points = await PointsAsync(config, epoch, cancellation);
        var stretches = new List<ShardStretch>();
        for (var i = 0; i < points.Count; i++)
        {
            var (from, last) = (points[i], i == points.Count - 1);
            var to = last ? epoch.Range!.To : points[i + 1].Optime;
            var isSame =
                !last
                && from.Shards.Select(Identity).SequenceEqual(points[i + 1].Shards.Select(Identity))
                && !changes.Any(at => at >= from.Optime.WallClock - Slack && at <= to.WallClock + Slack);
            if (isSame || from.Optime >= to)
            {
                stretches.Add(new ShardStretch(new ClusterRange(from.Optime, to), from.Shards));
            }
            else
            {
                await FollowAsync(config, epoch, from, to, stretches, cancellation);
            }
        }

        return stretches;
    }

    private static (string Name, string Set) Identity(ShardDefinition shard) => (shard.Name, shard.ReplicaSet);

    private sealed record Point(
        Optime Optime,
        Optime ReplayFrom,
        BlockId Manifest,
        IReadOnlyList<ShardDefinition> Shards
    );

    /// <summary>The snapshots of the range, and the head's last checkpoint.</summary>
    private async Task<List<Point>> PointsAsync(ClusterMember config, Epoch epoch, CancellationToken cancellation)
    {
        var bases = new SnapshotBases(services.Blocks);
        var points = new List<Point>();
        foreach (var one in epoch.Bases)
        {
            var from = await bases.ReplayFromAsync(one, cancellation);
            points.Add(await PointAsync(one.Optime, from, SnapshotBases.ManifestOf(one), cancellation));
        }

        var head = await services.Metadata.Heads.FindAsync(config.Set.Id, cancellation);
        if (
            head is { Consistent: true }
            && head.SyncId == epoch.Sync.Id
            && head.Optime > points[^1].Optime
            && head.Optime <= epoch.Range!.To
            && BlockId.TryParse(head.ManifestBlock, out var checkpoint)
        )
        {
            points.Add(await PointAsync(head.Optime, head.ReplayFrom, checkpoint, cancellation));
        }

        return points;
    }

    private async Task<Point> PointAsync(
        Optime optime,
        Optime replayFrom,
        BlockId manifest,
        CancellationToken cancellation
    )
    {
        var reader = await SnapshotReader.OpenAsync(services.Blocks, manifest, cancellation);
        return new Point(optime, replayFrom, manifest, await ShardsAsync(reader, cancellation));
    }

    /// <summary>None where the cluster was not set up yet.</summary>
    private static async Task<IReadOnlyList<ShardDefinition>> ShardsAsync(
        SnapshotReader reader,
        CancellationToken cancellation
    )
    {
        try
        {
            return await ClusterLayoutReader.ShardsAsync(reader, cancellation);
        }
        catch (BackupException failure) when (failure.Number == SnapshotsErrors.NotConfigServers)
        {
            return [];
        }
    }

    /// <summary>Slice by slice: through one that changes the shards there are those before it and those after it.</summary>
    private async Task FollowAsync(
        ClusterMember config,
        Epoch epoch,
        Point from,
        Optime to,
        List<ShardStretch> stretches,
        CancellationToken cancellation
    )
    {
        var folder = RestoreFolder.Make(services.Options);
        try
        {
            await using var scratch = new ScratchBlockStore(services.Blocks, folder);
            using var head = await Head.OpenAsync(scratch, from.Manifest, new HeadOptions(), cancellation);
            using var replayer = new OplogReplayer(
                head.Catalogue,
                head,
                new OplogReplayerOptions
                {
                    AppliedThrough = from.Optime,
                    AppliedAhead = head.AppliedAhead,
                    FeatureCompatibilityVersion = head.ReplicaSet.FeatureCompatibilityVersion,
                    SpillFolder = Path.Combine(folder, "transactions"),
                    Includes = static ns => ns == Shards,
                    Keeps = static ns => ns == Shards,
                }
            );
            var (begin, position, shards) = (from.Optime, from.Optime, from.Shards);
            var slices = new SliceStream(services.Metadata, services.Objects, config.Set.Name, epoch.Sync.Id);
            await foreach (var slice in slices.ReadAsync(from.ReplayFrom, cancellation))
            {
                using (slice)
                {
                    var before = position;
                    var touched = Apply(slice, from, to, replayer, ref position);
                    if (!touched)
                    {
                        continue;
                    }

                    var after = await ShardsAsync(head.OpenReader(), cancellation);
                    if (!after.Select(Identity).SequenceEqual(shards.Select(Identity)))
                    {
                        stretches.Add(new ShardStretch(new ClusterRange(begin, before), shards));
                        var either = shards.Concat(after).DistinctBy(Identity).ToList();
                        stretches.Add(new ShardStretch(new ClusterRange(before, position), either));
                        (begin, shards) = (position, after);
                    }
                }

                if (position >= to)
                {
                    break;
                }
            }

            stretches.Add(new ShardStretch(new ClusterRange(begin, to), shards));
        }
        finally
        {
            RestoreFolder.Remove(folder);
        }
    }

    /// <returns>Whether an entry speaks of the shards.</returns>
    private static bool Apply(SliceBytes slice, Point from, Optime to, OplogReplayer replayer, ref Optime position)
    {
        var touched = false;
        foreach (var entry in slice.Documents())
        {
            var at = new BsonView(entry.Span)["ts"u8].AsTimestamp;
            if (at < from.ReplayFrom.Timestamp)
            {
                continue;
            }

            if (at > to.Timestamp)
            {
                position = to;
                return touched;
            }

            replayer.Apply(entry);
            position = replayer.Position > position ? replayer.Position : position;
            touched |= entry.Span.IndexOf("config.shards\0"u8) >= 0 || entry.Span.IndexOf("Transaction\0"u8) >= 0;
        }

        return touched;
    }
}

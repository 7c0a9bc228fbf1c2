using System.Collections.Concurrent;
using Backup.Blockstore;
using Backup.Cli.Control;
using Backup.Daemon.PointInTime;
using Backup.Daemon.Restores;
using Backup.Foundation;
using Backup.Metadata;
using Backup.WebUI.Contracts;
using Microsoft.Extensions.Logging;

namespace Backup.Cli.Appliance;

/// <summary>What can be restored, and restores: of snapshots, and of moments between them.</summary>
/// <param name="metadata">The catalogue of everything.</param>
/// <param name="objects">Slices.</param>
/// <param name="backEnd">Blocks, and how much memory a restore may take.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where restores log.</param>
internal sealed class RestoreOperations(
    IMetadataStore metadata,
    IObjectStore objects,
    BackEnd backEnd,
    TimeProvider time,
    ILogger logger
)
{
    private readonly ConcurrentDictionary<string, ReplayProgress> _replays = new(StringComparer.Ordinal);

    /// <summary>Every stretch of which any moment can be restored, and the gaps.</summary>
    internal async Task<RangesView> RangesAsync(string replicaSet, CancellationToken cancellation)
    {
        var set = await ReplicaSetNames.FindAsync(metadata, replicaSet, cancellation);
        return View(set, await new TimelineReader(metadata, backEnd.Blocks).ReadAsync(set.Id, cancellation));
    }

    /// <param name="glance">In which it is.</param>
    /// <param name="set">Of it.</param>
    /// <param name="cancellation">Gives up.</param>
    internal async Task<RangesView> RangesAsync(Glance glance, ReplicaSetRecord set, CancellationToken cancellation) =>
        View(set, await new TimelineReader(metadata, backEnd.Blocks).ReadAsync(glance, set.Id, cancellation));

    private static RangesView View(ReplicaSetRecord set, RestorableTimeline timeline) =>
        new(
            set.Name,
            [.. timeline.Ranges.Select(range => new RangeView(Moments.First(range.From), Moments.Last(range.To)))],
            [.. timeline.Gaps.Select(View)]
        )
        {
            Changes =
            [
                .. timeline.Events.Select(one => new ChangeView(
                    Moments.First(one.At),
                    CodeOf(one.Kind),
                    one.Namespace,
                    one.Text
                )),
            ],
        };

    internal async Task<OpenRestore> OpenSnapshotAsync(
        string snapshot,
        RestoreFormat format,
        IReadOnlyList<NamespacePattern>? only,
        CancellationToken cancellation,
        bool users = false
    )
    {
        var found =
            await metadata.Snapshots.FindAsync(snapshot, cancellation) ?? throw CliErrors.NoSuchSnapshot(snapshot);
        return await Service().OpenAsync(found, format, cancellation, only, users);
    }

    /// <param name="replicaSet">As users name it.</param>
    /// <param name="point">The moment.</param>
    /// <param name="format">How it will be written.</param>
    /// <param name="id">Under which <see cref="Progress"/> tells how far the replay is; null for nobody.</param>
    /// <param name="only">What is restored; null: everything.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <param name="progress">Told how far the replay is, where no id is given.</param>
    /// <param name="users">With users and roles.</param>
    internal async Task<OpenRestore> OpenMomentAsync(
        string replicaSet,
        RestorePoint point,
        RestoreFormat format,
        string? id,
        IReadOnlyList<NamespacePattern>? only,
        CancellationToken cancellation,
        IProgress<ReplayProgress>? progress = null,
        bool users = false
    )
    {
        var set = await ReplicaSetNames.FindAsync(metadata, replicaSet, cancellation);
        return await FollowedAsync(
            id,
            told => Service().OpenAsync(set, point, format, told ?? progress, cancellation, only, users)
        );
    }

    /// <summary>Opens something that replays the oplog; how far it is can be asked for under that id meanwhile.</summary>
    internal async Task<T> FollowedAsync<T>(string? id, Func<IProgress<ReplayProgress>?, Task<T>> open)
    {
        if (string.IsNullOrEmpty(id))
        {
            return await open(null);
        }

        try
        {
            return await open(new Teller(_replays, id));
        }
        finally
        {
            _replays.TryRemove(id, out _);
        }
    }

    /// <summary>Of a restore that replays now; nothing of any other.</summary>
    internal ReplayView Progress(string restore) =>
        _replays.TryGetValue(restore, out var replay)
            ? new ReplayView(new OptimeView(replay.At.T, replay.At.I), replay.Bytes, replay.ExpectedBytes)
            : new ReplayView(null, 0, 0);

    private RestoreService Service() => new(Services());

    /// <summary>What restores work with, as it is now.</summary>
    internal RestoreServices Services() => new(metadata, backEnd.Blocks, objects, backEnd.Options, time, logger);

    internal static GapView View(RestorableGap gap) =>
        new(
            Moments.Last(gap.From),
            gap.To is { } to ? Moments.First(to) : null,
            new CauseView(CodeOf(gap.Kind), gap.Cause, gap.Code),
            gap.Namespace
        );

    private static string CodeOf(TimelineEventKind kind) =>
        kind switch
        {
            TimelineEventKind.Copied => "copied",
            TimelineEventKind.NotFound => "not-found",
            TimelineEventKind.Left => "left",
            TimelineEventKind.Filter => "filter",
            TimelineEventKind.RenamedAway => "renamed-away",
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        };

    private static string CodeOf(HoleKind kind) =>
        kind switch
        {
            HoleKind.OplogLost => "oplog-lost",
            HoleKind.RolledBack => "rolled-back",
            HoleKind.Resync => "resync",
            HoleKind.HeadStopped => "head-stopped",
            HoleKind.CollectionLost => "collection-lost",
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        };

    private sealed class Teller(ConcurrentDictionary<string, ReplayProgress> replays, string id)
        : IProgress<ReplayProgress>
    {
        public void Report(ReplayProgress value) => replays[id] = value;
    }
}

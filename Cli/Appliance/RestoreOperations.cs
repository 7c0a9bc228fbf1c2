using System.Collections.Concurrent;
using Backup.Blockstore;
using Backup.Cli.Control;
using Backup.Daemon.PointInTime;
using Backup.Daemon.Restores;
using Backup.Foundation;
using Backup.Metadata;
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
        var timeline = await new TimelineReader(metadata, backEnd.Blocks).ReadAsync(set.Id, cancellation);
        return new RangesView(
            set.Name,
            [.. timeline.Ranges.Select(range => new RangeView(First(range.From), Last(range.To)))],
            [
                .. timeline.Gaps.Select(gap => new GapView(
                    Last(gap.From),
                    gap.To is { } to ? First(to) : null,
                    new CauseView(CodeOf(gap.Kind), gap.Cause, gap.Code),
                    gap.Namespace
                )),
            ]
        )
        {
            Changes =
            [
                .. timeline.Events.Select(one => new ChangeView(
                    First(one.At),
                    CodeOf(one.Kind),
                    one.Namespace,
                    one.Text
                )),
            ],
        };
    }

    internal async Task<OpenRestore> OpenSnapshotAsync(
        string snapshot,
        RestoreFormat format,
        IReadOnlyList<NamespacePattern>? only,
        CancellationToken cancellation
    )
    {
        var found =
            await metadata.Snapshots.FindAsync(snapshot, cancellation) ?? throw CliErrors.NoSuchSnapshot(snapshot);
        return await Service().OpenAsync(found, format, cancellation, only);
    }

    /// <param name="replicaSet">As users name it.</param>
    /// <param name="point">The moment.</param>
    /// <param name="format">How it will be written.</param>
    /// <param name="id">Under which <see cref="Progress"/> tells how far the replay is; null for nobody.</param>
    /// <param name="only">What is restored; null: everything.</param>
    /// <param name="cancellation">Gives up.</param>
    internal async Task<OpenRestore> OpenMomentAsync(
        string replicaSet,
        RestorePoint point,
        RestoreFormat format,
        string? id,
        IReadOnlyList<NamespacePattern>? only,
        CancellationToken cancellation
    )
    {
        var set = await ReplicaSetNames.FindAsync(metadata, replicaSet, cancellation);
        if (id is null)
        {
            return await Service().OpenAsync(set, point, format, progress: null, cancellation, only);
        }

        try
        {
            return await Service().OpenAsync(set, point, format, new Teller(_replays, id), cancellation, only);
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

    private RestoreService Service() =>
        new(new RestoreServices(metadata, backEnd.Blocks, objects, backEnd.Options, time, logger));

    /// <summary>"Before" a second: the first second that leaves nothing of the entry out is the next one.</summary>
    private static MomentView First(Optime optime) => View(optime, optime.WallClock.AddSeconds(1));

    private static MomentView Last(Optime optime) => View(optime, optime.WallClock);

    private static MomentView View(Optime optime, DateTimeOffset second) =>
        new(new OptimeView(optime.T, optime.I), second);

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

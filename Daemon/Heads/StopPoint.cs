using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.Metadata;

namespace Backup.Daemon.Heads;

/// <summary>Where a head stopped is written down as a hole of the timeline, and taken back once it has gone on behind it.</summary>
internal sealed class StopPoint(HeadServices services, string replicaSetId, string syncId)
{
    private bool _known;
    private Optime? _at;

    /// <param name="last">The last entry that the head could apply.</param>
    /// <param name="failure">What it stopped at.</param>
    /// <param name="cancellation">Gives up.</param>
    internal Task RecordAsync(Optime last, BackupException failure, CancellationToken cancellation)
    {
        var hole = new OplogHole(
            replicaSetId,
            last,
            Optime.Zero,
            failure.Message,
            services.Time.GetUtcNow(),
            HoleKind.HeadStopped,
            syncId,
            failure.Code
        );
        return services.Metadata.OplogSlices.AddHoleAsync(hole, cancellation);
    }

    /// <summary>To be told how far the head is now.</summary>
    internal async ValueTask PassAsync(Optime applied, CancellationToken cancellation)
    {
        if (!_known)
        {
            var holes = await services.Metadata.OplogSlices.HolesAsync(replicaSetId, cancellation);
            var stops = holes.Where(hole => hole.Kind == HoleKind.HeadStopped && hole.SyncId == syncId);
            _at = stops.Select(hole => (Optime?)hole.From).Max();
            _known = true;
        }

        if (_at < applied)
        {
            await services.Metadata.OplogSlices.RemoveHolesAsync(syncId, HoleKind.HeadStopped, cancellation);
            _at = null;
        }
    }
}

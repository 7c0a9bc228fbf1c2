using Backup.AlertService.Watch;
using Backup.BackupHttpServer;
using Backup.Cli.Web;
using Backup.Daemon.Grooming;
using Backup.Metadata;

namespace Backup.Cli.Appliance;

/// <summary>What alerts are judged by and is not in the catalogue.</summary>
/// <param name="folders">Each on another disk that is written to; asked anew each time.</param>
/// <param name="operations">What parts say of themselves.</param>
/// <param name="server">Its certificates.</param>
/// <param name="settings">How the last groom ended.</param>
internal sealed class AlertFacts(
    Func<IReadOnlyList<string>> folders,
    ApplianceOperations operations,
    BackupHttpServerHost server,
    ISettings settings
)
{
    internal async Task<ApplianceFacts> ReadAsync(CancellationToken cancellation)
    {
        var ends = server.CertificatesEndAt;
        return new ApplianceFacts(
            [.. folders().Select(DiskOf)],
            [
                new CertificateFacts("the server for agents", ends.Server),
                new CertificateFacts("the appliance's authority", ends.Authority),
            ],
            [.. operations.Troubles],
            ApplianceDesk.Version
        )
        {
            Groom = await LastGroom.FindAsync(settings, cancellation) is { } last
                ? new GroomFacts(
                    last.At,
                    last.ReclaimableBytes,
                    100 * last.ReclaimableShare,
                    last.ErrorCode is { } code ? $"{code} {last.ErrorMessage}" : null
                )
                : null,
        };
    }

    private static DiskFacts DiskOf(string folder)
    {
        var disk = new DriveInfo(folder);
        // What only root may still write counts as written, as df shows it.
        var used = disk.TotalSize - disk.TotalFreeSpace;
        return new DiskFacts(folder, used + disk.AvailableFreeSpace, disk.AvailableFreeSpace);
    }
}

using Backup.AlertService.Watch;
using Backup.BackupHttpServer;
using Backup.Cli.Web;
using Backup.Daemon.Grooming;
using Backup.Metadata;

namespace Backup.Cli.Appliance;

/// <summary>What alerts are judged by and is not in the catalogue.</summary>
/// <param name="folder">Its disk is the one that is written to.</param>
/// <param name="operations">What parts say of themselves.</param>
/// <param name="server">Its certificates.</param>
/// <param name="settings">How the last groom ended.</param>
internal sealed class AlertFacts(
    DataFolder folder,
    ApplianceOperations operations,
    BackupHttpServerHost server,
    ISettings settings
)
{
    internal async Task<ApplianceFacts> ReadAsync(CancellationToken cancellation)
    {
        var disk = new DriveInfo(folder.Root);
        // What only root may still write counts as written, as df shows it.
        var used = disk.TotalSize - disk.TotalFreeSpace;
        var ends = server.CertificatesEndAt;
        return new ApplianceFacts(
            [new DiskFacts(folder.Root, used + disk.AvailableFreeSpace, disk.AvailableFreeSpace)],
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
}

using Backup.AlertService.Watch;
using Backup.BackupHttpServer;
using Backup.Cli.Web;

namespace Backup.Cli.Appliance;

/// <summary>What alerts are judged by and is not in the catalogue.</summary>
/// <param name="folder">Its disk is the one that is written to.</param>
/// <param name="operations">What parts say of themselves.</param>
/// <param name="server">Its certificates.</param>
internal sealed class AlertFacts(DataFolder folder, ApplianceOperations operations, BackupHttpServerHost server)
{
    internal Task<ApplianceFacts> ReadAsync(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var disk = new DriveInfo(folder.Root);
        // What only root may still write counts as written, as df shows it.
        var used = disk.TotalSize - disk.TotalFreeSpace;
        var ends = server.CertificatesEndAt;
        return Task.FromResult(
            new ApplianceFacts(
                [new DiskFacts(folder.Root, used + disk.AvailableFreeSpace, disk.AvailableFreeSpace)],
                [
                    new CertificateFacts("the server for agents", ends.Server),
                    new CertificateFacts("the appliance's authority", ends.Authority),
                ],
                [.. operations.Troubles],
                ApplianceDesk.Version
            )
        );
    }
}

using Backup.BackupHttpServer;
using Backup.Cli.Appliance;
using Backup.Metadata;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;

namespace Backup.Cli.Web;

/// <summary>The appliance itself.</summary>
/// <param name="metadata">The catalogue of everything.</param>
/// <param name="backEnd">The daemon and the blocks.</param>
/// <param name="folder">Where it keeps them.</param>
/// <param name="server">Who serves agents; null where nobody does.</param>
/// <param name="operations">What parts say of themselves.</param>
/// <param name="options">As it was started.</param>
/// <param name="time">The clock.</param>
internal sealed class ApplianceDesk(
    IMetadataStore metadata,
    BackEnd backEnd,
    DataFolder folder,
    BackupHttpServerHost? server,
    ApplianceOperations operations,
    ApplianceOptions options,
    TimeProvider time
) : IApplianceDesk
{
    private readonly DateTimeOffset _startedAt = time.GetUtcNow();

    internal static string Version { get; } = typeof(ApplianceDesk).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    public async Task<ApplianceView> ApplianceAsync(CancellationToken cancellation) =>
        new(
            Version,
            _startedAt,
            server is null ? null : TlsOf(server),
            [await DaemonAsync(cancellation)],
            backEnd.Statistics is { } statistics ? [StoreOf(statistics)] : []
        );

    private TlsView TlsOf(BackupHttpServerHost agents)
    {
        var (serverUntil, authorityUntil) = agents.CertificatesEndAt;
        return new TlsView(
            Convert.ToHexStringLower(agents.CaFingerprint.Span),
            authorityUntil,
            agents.PublicKeyPin,
            serverUntil,
            options.Names,
            agents.EndPoint.ToString(),
            !System.Net.IPAddress.IsLoopback(options.HttpAddress)
        );
    }

    private async Task<DaemonView> DaemonAsync(CancellationToken cancellation)
    {
        var name = backEnd.Options.Name;
        var sets = await metadata.Deployments.ReplicaSetsAsync(cancellation);
        var jobs = await metadata.Jobs.FindAsync(
            new JobQuery([.. sets.Select(static one => one.Id)], 200),
            cancellation
        );
        return new DaemonView(
            name,
            backEnd.Daemon is not null,
            sets.Count(static one => one.State != ReplicaSetState.Stopped),
            jobs.Count(one => one.State == JobState.Running && one.Owner == name),
            operations.Troubles.Select(static one => one.Message).FirstOrDefault()
        );
    }

    private StoreView StoreOf(Blockstore.BlockStoreStatistics statistics)
    {
        var disk = new DriveInfo(folder.Root);
        return new StoreView(
            "embedded",
            "packs",
            folder.Blocks,
            statistics.Blocks,
            statistics.StoredBytes,
            disk.TotalSize,
            disk.AvailableFreeSpace
        );
    }
}

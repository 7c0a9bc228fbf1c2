using Backup.BackupHttpServer;
using Backup.Blockstore.Shelf;
using Backup.Cli.Appliance;
using Backup.Cli.Stores;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;

namespace Backup.Cli.Web;

/// <summary>The appliance itself.</summary>
/// <param name="backEnd">The blocks.</param>
/// <param name="daemons">Who keeps heads.</param>
/// <param name="server">Who serves agents; null where nobody does.</param>
/// <param name="data">Where the log is.</param>
/// <param name="options">As it was started.</param>
/// <param name="time">The clock.</param>
internal sealed class ApplianceDesk(
    BackEnd backEnd,
    DaemonDesk daemons,
    BackupHttpServerHost? server,
    DataFolder data,
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
            await daemons.DaemonsAsync(cancellation),
            backEnd.Open is { } shelf ? [.. backEnd.Places.Zip(shelf.Stores, StoreOf)] : []
        );

    public IReadOnlyList<SupportFile> SupportFiles() =>
        [
            new("configuration.json", () => SupportSources.Configuration(options.Configuration)),
            .. SupportSources.Logs(data.Log),
        ];

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

    private static StoreView StoreOf(StorePlace place, ShelvedStore store)
    {
        var statistics = store.Blocks.Statistics;
        var disk = place.Folder is { } folder ? new DriveInfo(folder) : null;
        return new StoreView(
            place.Name,
            place.Kind,
            place.Where,
            statistics.Blocks,
            statistics.StoredBytes,
            disk?.TotalSize,
            disk?.AvailableFreeSpace
        );
    }
}

using Backup.BackupHttpServer;
using Backup.Foundation.Contracts;
using Backup.Metadata;

namespace Backup.Cli.Appliance;

/// <summary>What the commands can ask about the sources' servers.</summary>
internal sealed class MonitoringOperations(IMetadataStore metadata, TimeProvider time)
{
    /// <summary>What is asked of the servers themselves.</summary>
    internal HostOperations Hosts { get; } = new(metadata, time);

    internal const int MostMinutes = 2 * 24 * 60;

    /// <param name="deployment">Its id.</param>
    /// <param name="range">How far back.</param>
    /// <param name="points">At most so many spans, 2 or more.</param>
    /// <param name="cancellation">Gives up.</param>
    internal Task<IReadOnlyList<MonitoringSpan>> HistoryAsync(
        string deployment,
        TimeSpan range,
        int points,
        CancellationToken cancellation
    )
    {
        var now = time.GetUtcNow();
        return Monitoring.HistoryAsync(metadata, deployment, now - range, now, points, cancellation);
    }

    /// <param name="deployment">Its id.</param>
    /// <param name="minutes">How far back, 1 to two days.</param>
    /// <param name="points">At most so many samples, 2 to one a minute.</param>
    /// <param name="cancellation">Gives up.</param>
    internal async Task<IReadOnlyList<MonitoringSample>> OfDeploymentAsync(
        string deployment,
        int minutes,
        int points,
        CancellationToken cancellation
    )
    {
        var from = time.GetUtcNow().AddMinutes(-Math.Clamp(minutes, 1, MostMinutes));
        return await Monitoring.ListAsync(metadata, deployment, from, Math.Clamp(points, 2, MostMinutes), cancellation);
    }
}

namespace Backup.Metadata;

/// <summary>What agents tell of their sources, a sample a minute.</summary>
public interface IMonitoring
{
    /// <summary>
    /// Stores the sample of its minute, in the place of one that is there; the deployment's samples that are older than <paramref name="keep"/> go
    /// in the same step, so that no deployment ever has more than that.
    /// </summary>
    Task AddAsync(MonitoringRecord sample, TimeSpan keep, CancellationToken cancellation = default);

    /// <summary>The deployment's samples from that moment on, oldest first.</summary>
    Task<IReadOnlyList<MonitoringRecord>> ListAsync(
        string deploymentId,
        DateTimeOffset from,
        CancellationToken cancellation = default
    );

    /// <summary>The newest sample of each deployment that has one.</summary>
    Task<IReadOnlyList<MonitoringRecord>> NewestAsync(CancellationToken cancellation = default);
}

/// <summary>A sample of a deployment's servers.</summary>
/// <param name="DeploymentId">Whose.</param>
/// <param name="At">When it came; kept to the minute.</param>
/// <param name="Content">Opaque to the catalogue, zstd of <paramref name="RawLength"/> bytes.</param>
/// <param name="RawLength">Of the content before it was compressed.</param>
public sealed record MonitoringRecord(string DeploymentId, DateTimeOffset At, byte[] Content, int RawLength);

using System.Text.Json;
using Backup.Foundation.Compression;
using Backup.Foundation.Contracts;
using Backup.Metadata;

namespace Backup.BackupHttpServer;

/// <summary>Samples of sources, as they are kept: JSON of the contract, compressed.</summary>
public static class Monitoring
{
    /// <summary>How long samples of a minute are kept.</summary>
    public static readonly TimeSpan Keep = TimeSpan.FromDays(2);

    /// <summary>Stores a sample under the minute in which it came.</summary>
    public static Task AddAsync(
        IMetadataStore metadata,
        string deploymentId,
        MonitoringSample sample,
        DateTimeOffset now,
        CancellationToken cancellation = default
    )
    {
        var raw = JsonSerializer.SerializeToUtf8Bytes(sample, AgentJson.Default.MonitoringSample);
        var frame = new byte[Zstd.MaxCompressedLength(raw.Length)];
        var length = Zstd.Compress(raw, frame);
        return metadata.Monitoring.AddAsync(
            new MonitoringRecord(deploymentId, now, frame[..length], raw.Length),
            Keep,
            cancellation
        );
    }

    /// <summary>The deployment's samples from that moment on, oldest first.</summary>
    /// <exception cref="Foundation.Errors.BackupException">1002 where a stored sample is damaged.</exception>
    public static async Task<IReadOnlyList<MonitoringSample>> ListAsync(
        IMetadataStore metadata,
        string deploymentId,
        DateTimeOffset from,
        CancellationToken cancellation = default
    )
    {
        var stored = await metadata.Monitoring.ListAsync(deploymentId, from, cancellation);
        return [.. stored.Select(Read)];
    }

    private static MonitoringSample Read(MonitoringRecord record)
    {
        var raw = new byte[record.RawLength];
        Zstd.Decompress(record.Content, raw);
        return JsonSerializer.Deserialize(raw, AgentJson.Default.MonitoringSample)!;
    }
}

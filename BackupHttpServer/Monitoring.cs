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
    /// <param name="metadata">The catalogue.</param>
    /// <param name="deploymentId">Whose.</param>
    /// <param name="from">Since when.</param>
    /// <param name="most">At most so many, as far from each other as can be, the newest among them; 2 or more.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="Foundation.Errors.BackupException">1002 where a stored sample is damaged.</exception>
    public static async Task<IReadOnlyList<MonitoringSample>> ListAsync(
        IMetadataStore metadata,
        string deploymentId,
        DateTimeOffset from,
        int most = int.MaxValue,
        CancellationToken cancellation = default
    )
    {
        var stored = await metadata.Monitoring.ListAsync(deploymentId, from, cancellation);
        // Only what is shown is decompressed.
        return [.. Thinned(stored, most).Select(Read)];
    }

    private static IEnumerable<MonitoringRecord> Thinned(IReadOnlyList<MonitoringRecord> all, int most) =>
        all.Count <= most
            ? all
            : Enumerable.Range(0, most).Select(n => all[(int)((long)n * (all.Count - 1) / (most - 1))]);

    private static MonitoringSample Read(MonitoringRecord record)
    {
        var raw = new byte[record.RawLength];
        Zstd.Decompress(record.Content, raw);
        return JsonSerializer.Deserialize(raw, AgentJson.Default.MonitoringSample)!;
    }
}

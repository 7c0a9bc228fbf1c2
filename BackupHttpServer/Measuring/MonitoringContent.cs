using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Backup.Foundation.Compression;
using Backup.Foundation.Contracts;
using Backup.Metadata;

namespace Backup.BackupHttpServer.Measuring;

/// <summary>Samples and spans as they are kept: JSON of the contract, compressed.</summary>
internal static class MonitoringContent
{
    public static MonitoringRecord Write(string deploymentId, DateTimeOffset at, MonitoringSample sample)
    {
        var (content, length) = Pack(sample, AgentJson.Default.MonitoringSample);
        return new MonitoringRecord(deploymentId, at, content, length);
    }

    public static SpanRecord Write(DueSpan due, MonitoringSpan span)
    {
        var (content, length) = Pack(span, AgentJson.Default.MonitoringSpan);
        return new SpanRecord(due.DeploymentId, due.Minutes, due.From, content, length);
    }

    /// <exception cref="Foundation.Errors.BackupException">1002 where it is damaged.</exception>
    public static MonitoringSample ReadSample(MonitoringRecord record) =>
        Unpack(record.Content, record.RawLength, AgentJson.Default.MonitoringSample);

    /// <exception cref="Foundation.Errors.BackupException">1002 where it is damaged.</exception>
    public static MonitoringSpan ReadSpan(SpanRecord record) =>
        Unpack(record.Content, record.RawLength, AgentJson.Default.MonitoringSpan);

    private static (byte[] Content, int Length) Pack<T>(T value, JsonTypeInfo<T> type)
    {
        var raw = JsonSerializer.SerializeToUtf8Bytes(value, type);
        var frame = new byte[Zstd.MaxCompressedLength(raw.Length)];
        var length = Zstd.Compress(raw, frame);
        return (frame[..length], raw.Length);
    }

    private static T Unpack<T>(byte[] content, int length, JsonTypeInfo<T> type)
    {
        var raw = new byte[length];
        Zstd.Decompress(content, raw);
        return JsonSerializer.Deserialize(raw, type)!;
    }
}

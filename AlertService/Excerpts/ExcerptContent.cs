using System.Text.Json;
using Backup.Foundation.Compression;
using Backup.Foundation.Contracts;
using Backup.Metadata.Alerting;

namespace Backup.AlertService.Excerpts;

/// <summary>How what servers told is kept: their answer as JSON, compressed. Its size is bounded where it is made (<see cref="HostLimits.AnswerLength"/>).</summary>
internal static class ExcerptContent
{
    public static AlertExcerpt Make(long alertId, HostAnswer answer, DateTimeOffset at)
    {
        var raw = JsonSerializer.SerializeToUtf8Bytes(answer, AgentJson.Default.HostAnswer);
        var packed = new byte[Zstd.MaxCompressedLength(raw.Length)];
        return new AlertExcerpt(alertId, at, raw.Length, packed[..Zstd.Compress(raw, packed)]);
    }
}

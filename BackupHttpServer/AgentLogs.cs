using System.Text.Json;
using Backup.Foundation.Contracts;
using Backup.Metadata;

namespace Backup.BackupHttpServer;

/// <summary>Log lines of agents on request: asked for with the answer to a heartbeat, kept until the next request to the same agent.</summary>
public static class AgentLogs
{
    /// <summary>An agent that was not heard for so long is not asked any more: nobody waits for it.</summary>
    internal static readonly TimeSpan RequestLife = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>Asks the agent and waits for its answer.</summary>
    /// <param name="metadata">Where request and answer are.</param>
    /// <param name="agentId">Whom.</param>
    /// <param name="lines">The newest so many; 1 to <see cref="LogLimits.MostLines"/>.</param>
    /// <param name="since">Only those that are not older; null: whatever their age.</param>
    /// <param name="patience">How long it is waited for.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Null where it did not answer in time.</returns>
    public static async Task<LogExcerpt?> AskAsync(
        IMetadataStore metadata,
        string agentId,
        int lines,
        TimeSpan? since,
        TimeSpan patience,
        TimeProvider time,
        CancellationToken cancellation = default
    )
    {
        var id = Guid.NewGuid().ToString("N");
        var started = time.GetTimestamp();
        var seconds = since is { } length ? (long?)Math.Ceiling(length.TotalSeconds) : null;
        var request = new AgentLogRecord(agentId, id, lines, seconds, time.GetUtcNow());
        await metadata.AgentLogs.RequestAsync(request, cancellation);
        while (true)
        {
            var seen = metadata.ChangeCount;
            var found = await metadata.AgentLogs.FindAsync(agentId, cancellation);
            if (found?.RequestId != id)
            {
                // Somebody else asked the same agent meanwhile.
                return null;
            }

            if (found.Excerpt is { } json)
            {
                return JsonSerializer.Deserialize(json, AgentJson.Default.LogExcerpt);
            }

            if (time.GetElapsedTime(started) >= patience)
            {
                return null;
            }

            await metadata.WaitForChangeAsync(seen, Look, cancellation);
        }
    }

    /// <summary>What the agent is asked for now; null where nobody waits.</summary>
    internal static async Task<LogRequest?> PendingAsync(
        IMetadataStore metadata,
        string agentId,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var found = await metadata.AgentLogs.FindAsync(agentId, cancellation);
        return found is { Excerpt: null } && (time.GetUtcNow() - found.RequestedAt).Duration() < RequestLife
            ? new LogRequest(found.RequestId, found.Lines, found.SinceSeconds)
            : null;
    }
}

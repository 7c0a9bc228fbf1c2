using System.Text.Json;
using Backup.Foundation.Contracts;

namespace Backup.Metadata;

/// <summary>
/// Asks agents for something through the catalogue, and waits for the answer: the request is handed out with the answer to a heartbeat, by whichever server
/// the agent asks.
/// </summary>
public static class AgentRequests
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>Asks the agent that reads the source for something of the source's servers.</summary>
    /// <param name="metadata">Where request and answer are.</param>
    /// <param name="deploymentId">Whose servers.</param>
    /// <param name="request">Its id is given here.</param>
    /// <param name="patience">How long it is waited for.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up; what was handed out is done all the same.</param>
    /// <returns>Null where nobody answered in time.</returns>
    public static async Task<HostAnswer?> AskHostsAsync(
        this IMetadataStore metadata,
        string deploymentId,
        HostRequest request,
        TimeSpan patience,
        TimeProvider time,
        CancellationToken cancellation = default
    )
    {
        var asked = request with { Id = Guid.NewGuid().ToString("N") };
        var json = JsonSerializer.Serialize(asked, AgentJson.Default.HostRequest);
        await metadata.HostRequests.AskAsync(
            new HostRequestRecord(deploymentId, asked.Id, json, time.GetUtcNow()),
            cancellation
        );
        var answer = await AnswerAsync(metadata, asked.Id, NewestAsync, patience, time, cancellation);
        return answer is null ? null : JsonSerializer.Deserialize(answer, AgentJson.Default.HostAnswer);

        async Task<Newest?> NewestAsync() =>
            await metadata.HostRequests.FindAsync(deploymentId, cancellation) is { } found
                ? new Newest(found.Id, found.Answer)
                : null;
    }

    /// <summary>Asks the agent for its own log.</summary>
    /// <param name="metadata">Where request and answer are.</param>
    /// <param name="agentId">Whom.</param>
    /// <param name="lines">The newest so many; 1 to <see cref="LogLimits.MostLines"/>.</param>
    /// <param name="since">Only those that are not older; null: whatever their age.</param>
    /// <param name="patience">How long it is waited for.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Null where it did not answer in time.</returns>
    public static async Task<LogExcerpt?> AskLogAsync(
        this IMetadataStore metadata,
        string agentId,
        int lines,
        TimeSpan? since,
        TimeSpan patience,
        TimeProvider time,
        CancellationToken cancellation = default
    )
    {
        var id = Guid.NewGuid().ToString("N");
        var seconds = since is { } length ? (long?)Math.Ceiling(length.TotalSeconds) : null;
        var request = new AgentLogRecord(agentId, id, lines, seconds, time.GetUtcNow());
        await metadata.AgentLogs.RequestAsync(request, cancellation);
        var answer = await AnswerAsync(metadata, id, NewestAsync, patience, time, cancellation);
        return answer is null ? null : JsonSerializer.Deserialize(answer, AgentJson.Default.LogExcerpt);

        async Task<Newest?> NewestAsync() =>
            await metadata.AgentLogs.FindAsync(agentId, cancellation) is { } found
                ? new Newest(found.RequestId, found.Excerpt)
                : null;
    }

    /// <returns>Null where nobody answered in time, and where somebody else asked the same one meanwhile.</returns>
    private static async Task<string?> AnswerAsync(
        IMetadataStore metadata,
        string id,
        Func<Task<Newest?>> newest,
        TimeSpan patience,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        for (var started = time.GetTimestamp(); ; )
        {
            var seen = metadata.ChangeCount;
            var found = await newest();
            if (found?.Id != id || found.Answer is not null || time.GetElapsedTime(started) >= patience)
            {
                return found?.Id == id ? found.Answer : null;
            }

            await metadata.WaitForChangeAsync(seen, Look, cancellation);
        }
    }

    /// <summary>The newest request to somebody, and its answer.</summary>
    private sealed record Newest(string Id, string? Answer);
}

namespace Backup.Metadata;

/// <summary>Log lines that operators ask agents for: one request of each agent, the newest, with its answer.</summary>
public interface IAgentLogs
{
    /// <summary>Takes the place of the agent's request before, and of its answer. 6009 where there is no such agent.</summary>
    Task RequestAsync(AgentLogRecord request, CancellationToken cancellation = default);

    /// <summary>The agent's newest request; null where there was none.</summary>
    Task<AgentLogRecord?> FindAsync(string agentId, CancellationToken cancellation = default);

    /// <summary>Stores the answer. False, and nothing changed, where that request is not the newest one any more, or was answered.</summary>
    Task<bool> AnswerAsync(string agentId, string requestId, string excerpt, CancellationToken cancellation = default);
}

/// <param name="AgentId">Who is asked.</param>
/// <param name="RequestId">Ours.</param>
/// <param name="Lines">How many.</param>
/// <param name="SinceSeconds">Only those of so many last seconds; null: whatever their age.</param>
/// <param name="RequestedAt">When.</param>
/// <param name="Excerpt">JSON of the agents' contract, opaque to the catalogue; null until it is answered.</param>
public sealed record AgentLogRecord(
    string AgentId,
    string RequestId,
    int Lines,
    long? SinceSeconds,
    DateTimeOffset RequestedAt,
    string? Excerpt = null
);

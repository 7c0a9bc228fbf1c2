using Backup.Foundation.Contracts;
using Backup.Metadata;
using Backup.WebUI.Contracts;

namespace Backup.WebUI.Desks;

/// <summary>Agents, and what servers report through them.</summary>
public interface IAgentDesk
{
    /// <summary>Of all groups.</summary>
    Task<IReadOnlyList<AgentView>> ListAsync(CancellationToken cancellation);

    /// <param name="groupId">Whose agent it is going to be.</param>
    /// <param name="minutes">How long it may be used.</param>
    /// <param name="cancellation">Gives up.</param>
    Task<TokenView> MakeTokenAsync(string groupId, double minutes, CancellationToken cancellation);

    /// <summary>What the servers of a deployment reported, oldest first.</summary>
    /// <param name="deployment">Its id.</param>
    /// <param name="minutes">How far back, 1 to two days.</param>
    /// <param name="points">At most so many samples, evenly spread.</param>
    /// <param name="cancellation">Gives up.</param>
    Task<IReadOnlyList<MonitoringSample>> MonitoringAsync(
        string deployment,
        int minutes,
        int points,
        CancellationToken cancellation
    );

    /// <summary>How its servers were, in spans of equal length, oldest first.</summary>
    /// <param name="deployment">Its id.</param>
    /// <param name="range">How far back.</param>
    /// <param name="points">At most so many spans.</param>
    /// <param name="cancellation">Gives up.</param>
    Task<IReadOnlyList<MonitoringSpan>> HistoryAsync(
        string deployment,
        TimeSpan range,
        int points,
        CancellationToken cancellation
    );

    /// <summary>Asks the servers of the deployment for the ends of their logs and for slow operations, and waits for them.</summary>
    Task<IReadOnlyList<HostExcerpt>> LookAsync(
        Deployment deployment,
        HostLookRequest request,
        CancellationToken cancellation
    );

    /// <summary>Tells the primary of the deployment to step down, where that is allowed and somebody can take over, and waits for who does.</summary>
    Task<StepDownView> StepDownAsync(Deployment deployment, StepDownRequest request, CancellationToken cancellation);

    /// <summary>From now on its key opens nothing.</summary>
    Task<AgentView> RevokeAsync(string agent, CancellationToken cancellation);

    /// <summary>Asks the agent for its last log lines and waits for them.</summary>
    Task<AgentLogView> LogsAsync(string agent, int lines, long? since, CancellationToken cancellation);
}

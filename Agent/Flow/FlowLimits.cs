using Backup.Foundation.Contracts;

namespace Backup.Agent.Flow;

/// <summary>The bounds that the copies and the tail of one deployment share.</summary>
/// <param name="limits">Of the agent as a whole.</param>
/// <param name="budget">Shared by all deployments of this agent: <see cref="BudgetOf"/>.</param>
/// <param name="control">How this deployment's source is to be read now.</param>
internal sealed class FlowLimits(AgentLimits limits, ByteBudget budget, SourceControl control)
{
    private const int LeastBudget = 36 * 1024 * 1024;

    public int Cursors => Math.Clamp(control.Now.Cursors, 1, 16);

    /// <summary>A collection of twice that size is copied in ranges of about that size.</summary>
    public long SplitBytes { get; } = Math.Max(1 << 20, limits.SplitBytes);

    /// <summary>How often a cluster is looked at: twice the time in which its sets are heard of from the server.</summary>
    public TimeSpan ClusterInterval { get; } = 2 * TimeSpan.FromSeconds(Math.Clamp(limits.PollSeconds, 1, 300));

    public ByteBudget Budget => budget;

    public RateLimit Rate => control.Rate;

    public static ByteBudget BudgetOf(AgentLimits limits) => new(Math.Max(LeastBudget, limits.MemoryBudget));
}

using Backup.Foundation.Contracts;

namespace Backup.Agent.Flow;

/// <summary>The bounds that all copies and tails of this agent share.</summary>
internal sealed class FlowLimits(AgentLimits limits, TimeProvider time)
{
    private const int LeastBudget = 36 * 1024 * 1024;

    public int Cursors { get; } = Math.Clamp(limits.Cursors, 1, 16);

    public ByteBudget Budget { get; } = new(Math.Max(LeastBudget, limits.MemoryBudget));

    public RateLimit Rate { get; } = new(limits.BytesPerSecond, time);
}

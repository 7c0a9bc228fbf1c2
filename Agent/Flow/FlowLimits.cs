using Backup.Foundation.Contracts;

namespace Backup.Agent.Flow;

/// <summary>The bounds that all copies and tails of this agent share.</summary>
internal sealed class FlowLimits(AgentLimits limits, TimeProvider time)
{
    private const int LeastBudget = 36 * 1024 * 1024;

    public int Cursors { get; } = Math.Clamp(limits.Cursors, 1, 16);

    /// <summary>A collection of twice that size is copied in ranges of about that size.</summary>
    public long SplitBytes { get; } = Math.Max(1 << 20, limits.SplitBytes);

    public ByteBudget Budget { get; } = new(Math.Max(LeastBudget, limits.MemoryBudget));

    public RateLimit Rate { get; } = new(limits.BytesPerSecond, time);
}

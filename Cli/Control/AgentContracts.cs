namespace Backup.Cli.Control;

/// <summary>The last lines of an agent's log.</summary>
/// <param name="Id">Of the agent.</param>
/// <param name="HostName">Where it runs.</param>
/// <param name="Lines">Oldest first.</param>
/// <param name="IsCut">Older ones that were asked for are left out, or not kept any more.</param>
public sealed record AgentLogView(string Id, string HostName, IReadOnlyList<string> Lines, bool IsCut);

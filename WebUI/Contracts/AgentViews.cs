namespace Backup.WebUI.Contracts;

/// <summary>The last lines of an agent's log.</summary>
/// <param name="Id">Of the agent.</param>
/// <param name="HostName">Where it runs.</param>
/// <param name="Lines">Oldest first.</param>
/// <param name="IsCut">Older ones that were asked for are left out, or not kept any more.</param>
public sealed record AgentLogView(string Id, string HostName, IReadOnlyList<string> Lines, bool IsCut);

/// <param name="Path">Of the program, on the appliance's host; absolute.</param>
/// <param name="Version">Three numbers.</param>
public sealed record UpdateRequest(string Path, string Version);

/// <summary>A build that is offered to agents.</summary>
/// <param name="Version">As it was offered.</param>
/// <param name="Platform">Whose: linux-x64 or linux-arm64.</param>
/// <param name="Sha256">Of the program, hex.</param>
/// <param name="Bytes">Of the program.</param>
public sealed record UpdateView(string Version, string Platform, string Sha256, long Bytes);

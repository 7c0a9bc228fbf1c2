namespace Backup.Foundation.Contracts;

/// <summary>Asks an agent, with the answer to a heartbeat, for its last log lines.</summary>
/// <param name="Id">Goes back with the excerpt.</param>
/// <param name="Lines">The newest so many, 1 to <see cref="LogLimits.MostLines"/>.</param>
/// <param name="SinceSeconds">Only those of so many last seconds, by the agent's clock; null: whatever their age.</param>
public sealed record LogRequest(string Id, int Lines, long? SinceSeconds);

/// <summary>What an agent answers to a <see cref="LogRequest"/>. No secret is in it.</summary>
/// <param name="RequestId">Of the request.</param>
/// <param name="Lines">Oldest first.</param>
/// <param name="IsCut">Older lines that were asked for are left out, or not kept any more.</param>
public sealed record LogExcerpt(string RequestId, IReadOnlyList<string> Lines, bool IsCut);

/// <summary>How much an agent keeps of its log for those that ask, and tells at once.</summary>
public static class LogLimits
{
    public const int MostLines = 2000;

    /// <summary>Characters that are kept.</summary>
    public const int KeptLength = 256 * 1024;

    /// <summary>Characters of one excerpt: as JSON it has less than <see cref="AgentProtocol.MaxJsonLength"/>, however they are written.</summary>
    public const int ExcerptLength = 128 * 1024;

    /// <summary>Characters of one line; what is longer is cut.</summary>
    public const int LineLength = 4 * 1024;
}

using System.Text.Json.Serialization;

namespace Backup.WebUI.Contracts;

/// <summary>How a deployment's source is read.</summary>
/// <param name="Deployment">Its name.</param>
/// <param name="Member">The rule: secondary, primary, tags:KEY=VALUE[,...] or host:HOST:PORT.</param>
/// <param name="Cursors">Collections or ranges copied at the same time.</param>
/// <param name="CursorsSet">False where that is the appliance's default.</param>
/// <param name="MegabytesPerSecond">MB (10^6) read a second at most; 0: no bound.</param>
/// <param name="MegabytesPerSecondSet">False where that is the appliance's default.</param>
/// <param name="PausedAt">From then on nothing is read; left out while it is.</param>
public sealed record SourceView(
    string Deployment,
    string Member,
    int Cursors,
    bool CursorsSet,
    double MegabytesPerSecond,
    bool MegabytesPerSecondSet,
    DateTimeOffset? PausedAt
)
{
    /// <summary>host:port that is read now; left out where there is none, or no agent works.</summary>
    public string? ReadFrom { get; init; }

    /// <summary>Why that one was chosen, for people.</summary>
    public string? Why { get; init; }

    /// <summary>Whether the agent that works has taken these settings over.</summary>
    public bool InForce { get; init; }

    /// <summary>How much time the source's oplog holds; left out where it is not known.</summary>
    public OplogWindowView? Oplog { get; init; }

    /// <summary>What its agent costs it; left out where no agent works.</summary>
    public LoadView? Load { get; init; }

    /// <summary>What an operator should do something about soon.</summary>
    public ErrorView? Warning { get; init; }
}

/// <param name="WindowSeconds">What the oplog holds, if as much is written as until now.</param>
/// <param name="LeftSeconds">How long the reading may still be paused until a new initial sync is needed; left out before the first sync.</param>
public sealed record OplogWindowView(long WindowSeconds, long? LeftSeconds);

/// <summary>What the agent that works costs a source: all its connections to all members, over the last minute.</summary>
/// <param name="BytesPerSecond">Read, not compressed.</param>
/// <param name="CommandsPerSecond">Sent, those of handshakes and heartbeats too.</param>
/// <param name="Cursors">Open now.</param>
/// <param name="Throttled">The share of the time, 0 to 1, in which the bound on bytes a second held somebody back.</param>
/// <param name="Seconds">What was measured over: 60, less just after the start.</param>
public sealed record LoadView(
    long BytesPerSecond,
    double CommandsPerSecond,
    int Cursors,
    double Throttled,
    int Seconds
);

/// <summary>What is to become different; null stays as it is.</summary>
/// <param name="Member">A rule as in <see cref="SourceView"/>.</param>
/// <param name="Cursors">A number, or <c>default</c>.</param>
/// <param name="MegabytesPerSecond">A number, or <c>default</c>.</param>
/// <param name="Paused">True pauses, false goes on.</param>
public sealed record SourceChange(string? Member, string? Cursors, string? MegabytesPerSecond, bool? Paused)
{
    [JsonIgnore]
    public bool IsEmpty => this == new SourceChange(null, null, null, null);
}

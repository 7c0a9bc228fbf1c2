namespace Backup.BackupHttpServer.Downloads;

/// <summary>How much may go on at the same time at the download links of one instance.</summary>
public sealed record DownloadLimits
{
    /// <summary>Downloads at the same time, at least 1: each reads the backup and makes its bytes anew.</summary>
    public int Parallel { get; init; } = 8;

    /// <summary>Of these through one link, at least 1.</summary>
    public int ParallelPerLink { get; init; } = 2;

    /// <summary>Downloads that begin in the middle, of one link in a minute, at least 1: all bytes before are made for nothing.</summary>
    public int PartsPerMinute { get; init; } = 20;

    /// <summary>Requests a second from one address, at least 1; twice as many may come at once. Whoever guesses is slowed down.</summary>
    public int RequestsPerSecondPerAddress { get; init; } = 20;

    /// <summary>A reader that takes nothing for so long is cut off; it can go on later. More than zero.</summary>
    public TimeSpan Stall { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How often a download that is under way looks whether its link was revoked; more than zero.</summary>
    public TimeSpan Look { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// What was handed to the network is not yet with the client: for so long after the end of a download its client (by its address) may ask for the last
    /// <see cref="TailBytes"/> again, as what a cut swallowed. Zero: never.
    /// </summary>
    public TimeSpan Tail { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>As much as lies between a server and a client at most.</summary>
    public long TailBytes { get; init; } = 8 << 20;
}

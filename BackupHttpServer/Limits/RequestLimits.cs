namespace Backup.BackupHttpServer.Limits;

/// <summary>How much may go on at the same time, for all instances of a server together; each takes its part.</summary>
public sealed record RequestLimits
{
    /// <summary>Requests of agents in work, at least 1.</summary>
    public int Requests { get; init; } = 1024;

    /// <summary>Requests in work of whom nothing is known yet, at least 1: those of agents too, until their key was looked at.</summary>
    public int StrangersRequests { get; init; } = 512;

    /// <summary>Of these from one address, at least 1: behind one address there may be a network or a balancer with many agents, but nobody takes all places.</summary>
    public int StrangersRequestsPerAddress { get; init; } = 256;

    /// <summary>The whole body of a stranger's request has come by then; more than zero.</summary>
    public TimeSpan StrangersBodyTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Requests in work of one agent, at least 1; an agent of this release has 16 at most.</summary>
    public int RequestsPerAgent { get; init; } = 48;

    /// <summary>Requests a second of one agent, over time; at least 1. Twice as many may come at once.</summary>
    public int RequestsPerSecondPerAgent { get; init; } = 200;

    /// <summary>Slices being received, at least 1.</summary>
    public int Slices { get; init; } = 256;

    /// <summary>Slices being received from one agent, at least 1.</summary>
    public int SlicesPerAgent { get; init; } = 20;

    /// <summary>Bytes of slices being received from one agent, compressed and raw; one slice is taken however long it is.</summary>
    public long SliceBytesPerAgent { get; init; } = 160L << 20;

    /// <summary>The whole body of a request has come by then, or it is cut off; more than zero.</summary>
    public TimeSpan BodyTimeout { get; init; } = TimeSpan.FromMinutes(5);
}

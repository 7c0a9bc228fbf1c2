namespace Backup.BackupHttpServer.Limits;

/// <summary>How much may go on at the same time, for all instances of a server together; each takes its part.</summary>
public sealed record RequestLimits
{
    /// <summary>Requests in work, at least 1.</summary>
    public int Requests { get; init; } = 1024;

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

namespace Backup.Daemon;

/// <summary>How a daemon works; the defaults suit an appliance on a machine of its own.</summary>
public sealed record DaemonOptions
{
    /// <summary>A folder for this daemon alone: large open transactions and what restores need for a while are spilled there.</summary>
    public required string SpillFolder { get; init; }

    /// <summary>Who this daemon is in leases of heads and jobs; unique among daemons, and the same after a restart.</summary>
    public string Name { get; init; } = Environment.MachineName;

    /// <summary>Shown where daemons are listed.</summary>
    public string Version { get; init; } = "";

    /// <summary>
    /// No other daemon can work on the same stores: it takes every head at once, whoever kept it before. True unless set, as in an appliance in one
    /// process.
    /// </summary>
    public bool Alone { get; init; } = true;

    /// <summary>How much it takes beside other daemons, 1 to 1000; 100 unless set.</summary>
    public int Weight { get; init; } = 100;

    /// <summary>How often it says that it is there; 15 seconds unless set, and 2 seconds beside others.</summary>
    public TimeSpan DaemonBeat
    {
        get => field != default ? field : TimeSpan.FromSeconds(Alone ? 15 : 2);
        init;
    }

    /// <summary>After how long without a sign of life the heads of another daemon are taken over; 20 seconds unless set.</summary>
    public TimeSpan DaemonSilence { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The longest time that a head goes without a checkpoint while entries come in; 5 minutes unless set.</summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Bytes of a head's memtable; 1 MiB to 1 GiB, 64 MiB unless set.</summary>
    public long MemtableBytes { get; init; } = 64L << 20;

    /// <summary>
    /// Bytes of the memtables of all heads together, beyond which those that hold much are flushed early; 64 MiB or more, a quarter of the machine's memory unless
    /// set, at least 256 MiB.
    /// </summary>
    public long MemtablesBytes { get; init; } =
        Math.Max(256L << 20, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4);

    /// <summary>
    /// Bytes of the memtable of a restore to a point in time, beyond which it goes through a temporary file; 1 MiB to 4 GiB, 256 MiB unless set.
    /// </summary>
    public long RestoreMemtableBytes { get; init; } = 256L << 20;

    /// <summary>Collections of an initial sync built at the same time; 1 to 16, 2 unless set.</summary>
    public int BuildParallelism { get; init; } = 2;

    /// <summary>How often oplog that nothing needs any more is given up; 1 minute unless set.</summary>
    public TimeSpan RetentionInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Of the block store that may stay dead after a groom, and that its copies take at most meanwhile; above 0 to 0.5, 0.05 unless set.</summary>
    public double GroomExtraShare { get; init; } = 0.05;

    /// <summary>The hour of the day (UTC, 0 to 23) at which grooms begin by themselves, once a day; null, as unless set: soon after something was removed, and once a day.</summary>
    public int? GroomHour { get; init; }

    /// <summary>Jobs worked on at the same time; 1 to 64, 4 unless set.</summary>
    public int Jobs { get; init; } = 4;

    /// <summary>How long a job belongs to a daemon without a sign of life; 15 seconds unless set.</summary>
    public TimeSpan JobLease { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a snapshot on demand waits for the agent to say how far the source is; 30 seconds unless set.</summary>
    public TimeSpan SourcePatience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a snapshot waits for the decision on prepared transactions; 10 seconds unless set.</summary>
    public TimeSpan DecisionPatience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a part of a cluster's snapshot waits for the decision on transactions prepared by its time; 2 minutes unless set. The head waits with
    /// it, the oplog does not: it goes on being stored.
    /// </summary>
    public TimeSpan CutDecisionPatience { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long nobody may be at work on a cluster's cut that is asked for; 1 minute unless set.</summary>
    public TimeSpan CutBeginPatience { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long the balancer may take to come to rest: a little more than the agents give it; 7 minutes unless set.</summary>
    public TimeSpan CutBalancerPatience { get; init; } = TimeSpan.FromMinutes(7);

    /// <summary>How long the tokens of a cut may take; 2 minutes unless set. Heads hold meanwhile.</summary>
    public TimeSpan CutMarkPatience { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a cut whose time is known may go without any progress of those that are missing; 5 minutes unless set.</summary>
    public TimeSpan CutPartPatience { get; init; } = TimeSpan.FromMinutes(5);
}

namespace Backup.Sandbox.Sharding.Routing;

/// <summary>How far a transaction is, as its router knows it.</summary>
internal enum RouterTransactionState
{
    Open,
    Committed,
    Aborted,

    /// <summary>Another router had it: only its end can be asked for.</summary>
    Unknown,
}

/// <summary>A transaction as a router knows it: which shards take part.</summary>
internal sealed class RouterTransaction(long number)
{
    private readonly List<(string Shard, bool Writes)> _participants = [];

    public long Number => number;

    public RouterTransactionState State { get; set; }

    /// <summary>The level of its <c>readConcern</c>; null: none was given.</summary>
    public string? Level { get; init; }

    /// <summary>The time of the cluster that it reads as of, on all shards; null: each as it is.</summary>
    public ulong? ReadAt { get; init; }

    /// <summary>Who knows how it ended; null while nothing was written.</summary>
    public string? RecoveryShard { get; set; }

    /// <summary>In the order in which they came in; the first one coordinates.</summary>
    public IReadOnlyList<string> Participants => [.. _participants.Select(static one => one.Shard)];

    public IReadOnlyList<string> Writers =>
        [.. _participants.Where(static one => one.Writes).Select(static one => one.Shard)];

    public bool Knows(string shard) => _participants.Exists(one => one.Shard == shard);

    public void Join(string shard)
    {
        if (!Knows(shard))
        {
            _participants.Add((shard, false));
        }
    }

    public void Wrote(string shard)
    {
        RecoveryShard ??= shard;
        _participants[_participants.FindIndex(one => one.Shard == shard)] = (shard, true);
    }
}

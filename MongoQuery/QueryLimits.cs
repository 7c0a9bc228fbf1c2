using Backup.MongoQuery.Spilling;

namespace Backup.MongoQuery;

/// <summary>What a query may use.</summary>
public sealed record QueryLimits
{
    /// <summary>As of a server: 100 MiB.</summary>
    public const long DefaultMemoryBytes = 100L << 20;

    internal static readonly QueryLimits Default = new();

    /// <summary>Bytes of documents that each stage may hold in memory.</summary>
    public long MemoryBytes { get; init; } = DefaultMemoryBytes;

    /// <summary>Where sorts and groups go that need more; null: they are refused.</summary>
    public SpillSpace? Spill { get; init; }

    /// <summary>Called now and then while files are written, and may throw.</summary>
    internal Action? Pulse { get; set; }
}

namespace Backup.MongoQuery.Stages;

/// <summary>What a stage that holds documents may hold: as of a server without disk use.</summary>
internal sealed class MemoryBudget(MemoryUse use, QueryLimits limits)
{
    /// <summary>Of an entry beside its bytes.</summary>
    private const int Overhead = 64;

    private long _bytes;

    /// <exception cref="QueryException">2602</exception>
    internal void Add(long bytes)
    {
        if (!Fits(bytes))
        {
            throw use.TooMuch(limits);
        }
    }

    /// <summary>Counts it; false where it is too much and the disk may be used.</summary>
    /// <exception cref="QueryException">2602 where it may not.</exception>
    internal bool FitsOrSpills(long bytes) => Fits(bytes) || (limits.Spill is null ? throw use.TooMuch(limits) : false);

    private bool Fits(long bytes)
    {
        _bytes += bytes + Overhead;
        return _bytes <= limits.MemoryBytes;
    }

    internal void Remove(long bytes) => _bytes -= bytes + Overhead;
}

/// <summary>Who holds documents, and how a server of 4.2 names its refusal when that is too much.</summary>
/// <param name="What">For example <c>A sort</c>.</param>
/// <param name="ServerCode">The server's code.</param>
/// <param name="CodeName">And its name.</param>
internal sealed record MemoryUse(string What, int ServerCode, string CodeName)
{
    internal static readonly MemoryUse FindSort = new("The sort of a find", 96, "OperationFailed");
    internal static readonly MemoryUse Sort = new("A $sort", 16819, "Location16819");
    internal static readonly MemoryUse Group = new("A $group", 16945, "Location16945");
    internal static readonly MemoryUse Array = new("An array of $push or $addToSet", 146, "ExceededMemoryLimit");
    internal static readonly MemoryUse Sample = new("A $sample", 16820, "Location16820");
    internal static readonly MemoryUse Distinct = new("A distinct", 17217, "Location17217");

    internal QueryException TooMuch(QueryLimits limits) =>
        MongoQueryErrors.TooMuchMemory(What, limits.MemoryBytes >> 20, ServerCode, CodeName);
}

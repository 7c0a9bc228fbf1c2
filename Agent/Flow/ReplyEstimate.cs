namespace Backup.Agent.Flow;

/// <summary>
/// How large the next reply will be, and how many documents to ask for so that it is about <see cref="Target"/>: a guess from the
/// source's statistics, put right by each reply.
/// </summary>
internal sealed class ReplyEstimate
{
    /// <summary>Large enough that round trips do not count, small enough that several fit the budget.</summary>
    public const int Target = 4 * 1024 * 1024;

    /// <summary>What a server puts into one reply at most: 16 MiB of documents, or one document and its frame.</summary>
    public const int Most = (16 * 1024 * 1024) + (64 * 1024);

    private const int MostDocuments = 50_000;

    public ReplyEstimate(long documents, long bytes)
    {
        var average = documents > 0 ? Math.Max(16, bytes / documents) : 0;
        BatchSize = average > 0 ? (int)Math.Clamp(Target / average, 1, MostDocuments) : 1000;
        Next = average > 0 ? (int)Math.Clamp(average * BatchSize * 5 / 4, 64 * 1024, Most) : Most;
    }

    public int BatchSize { get; }

    /// <summary>Bytes to set aside for the next reply.</summary>
    public int Next { get; private set; }

    public void Seen(int bytes) => Next = Math.Clamp(Math.Max(bytes * 5 / 4, Next - (Next / 8)), 64 * 1024, Most);
}

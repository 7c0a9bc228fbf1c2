using Backup.Snapshots.Records;

namespace Backup.Snapshots.Runs;

/// <summary>Where merged records go, in key order.</summary>
internal interface IMergeSink
{
    /// <summary>Whether a whole block may be taken over here.</summary>
    bool AtBoundary { get; }

    ValueTask AddAsync(ReadOnlySpan<byte> key, ReadOnlySpan<byte> record, CancellationToken cancellation = default);

    ValueTask AddBlockAsync(BlockReference block, CancellationToken cancellation);
}

/// <param name="Documents">Documents there are.</param>
/// <param name="DocumentBytes">Their BSON bytes.</param>
public readonly record struct CollectionSize(long Documents, long DocumentBytes)
{
    public static CollectionSize operator +(CollectionSize left, CollectionSize right) =>
        new(left.Documents + right.Documents, left.DocumentBytes + right.DocumentBytes);
}

/// <summary>Counts what a merge would write.</summary>
internal sealed class MergeMeter : IMergeSink
{
    internal CollectionSize Size { get; private set; }

    public bool AtBoundary => true;

    public ValueTask AddAsync(
        ReadOnlySpan<byte> key,
        ReadOnlySpan<byte> record,
        CancellationToken cancellation = default
    )
    {
        Size += new CollectionSize(1, RecordView.Checked(record).Document.Length);
        return default;
    }

    public ValueTask AddBlockAsync(BlockReference block, CancellationToken cancellation)
    {
        Size += new CollectionSize(block.Statistics.Documents, block.Statistics.DocumentBytes);
        return default;
    }
}

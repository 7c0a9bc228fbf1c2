using Backup.Blockstore;
using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.Oplog;
using Backup.Oplog.Catalogues;
using Backup.Snapshots.Manifests;
using Backup.Snapshots.Reading;

namespace Backup.Snapshots.Heads;

/// <summary>
/// The newest state of one replica set: its catalogue, sorted runs by collection (newest first) and a memtable over them.
/// Operations of the oplog land in the memtable; <see cref="FlushAsync"/> makes them durable. What is not flushed is lost with the
/// process and comes again from the stored slices. Operations, flushes and readers belong to one caller at a time;
/// <see cref="MergeAsync"/> may run beside them.
/// </summary>
public sealed class Head : IOperationTarget, IDisposable
{
    private Head() { }

    /// <summary>An empty head.</summary>
    public static Head Create(IBlockStore store, ReplicaSetIdentity set, HeadOptions? options = null) =>
        throw new NotSupportedException();

    /// <summary>The head as it was when that manifest was written.</summary>
    /// <exception cref="Foundation.Errors.BackupException">4003 where the manifest is damaged or of a newer format; 5001, 5002 of the store.</exception>
    public static Task<Head> OpenAsync(
        IBlockStore store,
        BlockId manifest,
        HeadOptions? options = null,
        CancellationToken cancellation = default
    ) => throw new NotSupportedException();

    /// <summary>The collections; changed in place by the oplog's replayer, written down with the next flush.</summary>
    public Catalogue Catalogue => throw new NotSupportedException();

    /// <summary>Names the source; may be set again when its version or FCV changed.</summary>
    public ReplicaSetIdentity ReplicaSet
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>As of the last flush (or of the manifest that was opened).</summary>
    public HeadPosition Position => throw new NotSupportedException();

    /// <summary>The last flushed manifest; null before the first flush.</summary>
    public BlockId? Manifest => throw new NotSupportedException();

    public long MemtableBytes => throw new NotSupportedException();

    /// <summary>Time to flush.</summary>
    public bool IsFull => throw new NotSupportedException();

    /// <summary>
    /// True while the initial sync catches up: an update of a missing document changes nothing then; afterwards it is damage (4001).
    /// Set before the operations that it is about: it is kept with each of them.
    /// </summary>
    public bool ToleratesMissing { get; set; }

    /// <summary>Transactions prepared and not decided, one raw document each, written into the next manifest.</summary>
    public IReadOnlyList<BsonDocument> PreparedTransactions { get; set; } = [];

    /// <summary>Takes over what an initial sync copied, as the oldest layer of that collection; once, in any order relative to operations.</summary>
    /// <param name="collection">UUID.</param>
    /// <param name="run">From <see cref="BaseRunBuilder"/>; null for a collection that was empty.</param>
    public void SetBaseRun(Guid collection, BaseRun? run) => throw new NotSupportedException();

    public void Put(Guid collection, BsonView document) => throw new NotSupportedException();

    public void Update(Guid collection, BsonView idHolder, BsonView update, bool upsert, Optime at) =>
        throw new NotSupportedException();

    public void Delete(Guid collection, BsonView idHolder) => throw new NotSupportedException();

    public void Clear(Guid collection) => throw new NotSupportedException();

    public void Drop(Guid collection) => throw new NotSupportedException();

    /// <summary>
    /// Writes the memtable as one run a collection, then the manifest, and makes all of it durable. When it fails or is cancelled
    /// the head is as before and may be flushed again.
    /// </summary>
    public Task<FlushResult> FlushAsync(HeadPosition position, CancellationToken cancellation = default) =>
        throw new NotSupportedException();

    /// <summary>
    /// Merges runs until no collection has more than <see cref="HeadOptions.MaxRuns"/>; sizes are tiered, so that a byte is
    /// rewritten a logarithmic number of times. Lasting with the next flush.
    /// </summary>
    /// <returns>How many merges were done.</returns>
    public Task<int> MergeAsync(CancellationToken cancellation = default) => throw new NotSupportedException();

    /// <summary>Everything applied so far, the memtable included: for a restore to a point in time. Valid until the next operation.</summary>
    public SnapshotReader OpenReader() => throw new NotSupportedException();

    public void Dispose() => throw new NotSupportedException();
}

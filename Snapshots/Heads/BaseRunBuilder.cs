using Backup.Blockstore;
using Backup.MongoWire.Bson;
using Backup.Snapshots.Runs;

namespace Backup.Snapshots.Heads;

/// <summary>What the initial sync of one collection became.</summary>
/// <param name="Run">Null where there was no document.</param>
/// <param name="NextOrdinal">For a capped collection: the ordinal after the last one given; 0 for others.</param>
public sealed record BaseRun(RunReference? Run, ulong NextOrdinal);

/// <summary>
/// Makes the base run of one collection from the documents of its initial sync. In key order they are streamed straight
/// into blocks; in any other order (capped collections come in natural order, `_id` ranges may come one after another in any order)
/// they are sorted in bounded memory through runs. The same `_id` twice: the later one counts. Not thread-safe.
/// </summary>
public sealed class BaseRunBuilder : IAsyncDisposable
{
    /// <param name="store">Where the blocks go.</param>
    /// <param name="capped">Gives each document an ordinal in the order of the calls.</param>
    /// <param name="options">Memory and concurrency as of a head.</param>
    public BaseRunBuilder(IBlockStore store, bool capped, HeadOptions? options = null) =>
        throw new NotSupportedException();

    public long Documents => throw new NotSupportedException();

    public long DocumentBytes => throw new NotSupportedException();

    /// <summary>The document is not used after the returned task is complete.</summary>
    /// <exception cref="Foundation.Errors.BackupException">4004 where it has no `_id`.</exception>
    public ValueTask AddAsync(BsonDocument document, CancellationToken cancellation = default) =>
        throw new NotSupportedException();

    /// <summary>The whole of it, not yet flushed to disk: durable with the head's next flush.</summary>
    public Task<BaseRun> CompleteAsync(CancellationToken cancellation = default) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => throw new NotSupportedException();
}

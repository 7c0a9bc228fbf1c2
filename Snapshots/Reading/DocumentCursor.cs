using Backup.MongoWire.Bson;

namespace Backup.Snapshots.Reading;

/// <summary>Walks the documents of a collection once.</summary>
public abstract class DocumentCursor : IAsyncDisposable
{
    /// <summary>Valid until the next move.</summary>
    public abstract ReadOnlyMemory<byte> Current { get; }

    public BsonView View => new(Current.Span);

    /// <summary>After <see cref="MoveToBatchAsync"/>: documents one behind another, at least one. Valid until the next move.</summary>
    public virtual ReadOnlyMemory<byte> Batch => Current;

    /// <summary>How many documents <see cref="Batch"/> has.</summary>
    public virtual int BatchCount => 1;

    /// <returns>False at the end.</returns>
    /// <exception cref="Foundation.Errors.BackupException">4001 an update without its document, 4002 a damaged block, 5001 and 5002 of the store.</exception>
    public abstract ValueTask<bool> MoveNextAsync(CancellationToken cancellation = default);

    /// <summary>
    /// Moves on over as many documents as stand together, for those who copy them as they are: a hundred times fewer steps. The next move, of either kind, goes on behind
    /// them.
    /// </summary>
    /// <returns>False at the end.</returns>
    /// <exception cref="Foundation.Errors.BackupException">As of <see cref="MoveNextAsync"/>.</exception>
    public virtual ValueTask<bool> MoveToBatchAsync(CancellationToken cancellation = default) =>
        MoveNextAsync(cancellation);

    public abstract ValueTask DisposeAsync();
}

using Backup.MongoWire.Bson;

namespace Backup.Snapshots.Reading;

/// <summary>Walks the documents of a collection once.</summary>
public abstract class DocumentCursor : IAsyncDisposable
{
    /// <summary>Valid until the next move.</summary>
    public abstract ReadOnlyMemory<byte> Current { get; }

    public BsonView View => new(Current.Span);

    /// <returns>False at the end.</returns>
    /// <exception cref="Foundation.Errors.BackupException">4001 an update without its document, 4002 a damaged block, 5001 and 5002 of the store.</exception>
    public abstract ValueTask<bool> MoveNextAsync(CancellationToken cancellation = default);

    public abstract ValueTask DisposeAsync();
}

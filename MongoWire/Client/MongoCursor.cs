using Backup.MongoWire.Uri;

namespace Backup.MongoWire.Client;

/// <summary>
/// A server's cursor, read batch by batch; it holds one connection of its member until it is disposed. Session-less.
/// Not thread-safe.
/// </summary>
public sealed class MongoCursor : IAsyncDisposable
{
    internal MongoCursor() { }

    /// <summary>The member it is open on.</summary>
    public HostAddress Host => throw new NotSupportedException();

    /// <summary>0 once the server has closed it: nothing more comes.</summary>
    public long Id => throw new NotSupportedException();

    /// <summary>
    /// The next batch; null at the end. A tailable cursor answers an empty batch when nothing came within MaxAwait,
    /// and null when the server closed it. At most one batch should be held at a time: it is the receive buffer.
    /// </summary>
    /// <exception cref="Foundation.Errors.BackupException">
    /// 2113 the connection was lost (transient: open the cursor again from the last document seen); CommandException
    /// with code 43 CursorNotFound, 136 CappedPositionLost, …
    /// </exception>
    public ValueTask<CursorBatch?> NextBatchAsync(CancellationToken cancellation) => throw new NotSupportedException();

    /// <summary>Closes the server's side too, unless that has happened or the connection is lost.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

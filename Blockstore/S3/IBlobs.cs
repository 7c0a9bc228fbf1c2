namespace Backup.Blockstore.S3;

/// <summary>A key of a bucket, and how long its content is.</summary>
internal readonly record struct BlobEntry(string Key, long Length);

/// <summary>
/// What of S3 the stores use: whole objects, durable and seen by everybody (also in lists) when a call is back. Every call is tried again as long as that
/// may help. Keys are those below the store's prefix. Thread-safe.
/// </summary>
internal interface IBlobs
{
    /// <summary>For people.</summary>
    string Name { get; }

    /// <summary>Writes an object where there is none of that key (<c>If-None-Match: *</c>).</summary>
    /// <param name="key">Of the object.</param>
    /// <param name="content">No other writer has the same: where the very same is there, an answer was lost, and this one has written it.</param>
    /// <param name="isLocked">Kept as long as the options say.</param>
    /// <param name="cancellation">Leaves it open whether it is written.</param>
    /// <returns>False where another one is there.</returns>
    Task<bool> TryCreateAsync(string key, ReadOnlyMemory<byte> content, bool isLocked, CancellationToken cancellation);

    /// <summary>Writes an object, or replaces it whole.</summary>
    Task PutAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellation);

    /// <summary>Null where there is none. The caller disposes it.</summary>
    Task<PooledBytes?> GetAsync(string key, CancellationToken cancellation);

    /// <summary>Fewer bytes where the object ends before; null where there is none, or it ends before the offset.</summary>
    Task<PooledBytes?> GetAsync(string key, long offset, int length, CancellationToken cancellation);

    /// <summary>Whether there is such an object.</summary>
    Task<bool> HasAsync(string key, CancellationToken cancellation);

    /// <summary>Removes objects that are there or not.</summary>
    Task DeleteAsync(IReadOnlyCollection<string> keys, CancellationToken cancellation);

    /// <summary>Keys that begin so, in their order.</summary>
    /// <param name="prefix">With the slash at its end.</param>
    /// <param name="most">At most so many.</param>
    /// <param name="cancellation">Stops between pages.</param>
    IAsyncEnumerable<BlobEntry> ListAsync(string prefix, int most, CancellationToken cancellation);
}

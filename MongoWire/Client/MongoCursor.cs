using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Uri;

namespace Backup.MongoWire.Client;

/// <summary>
/// A server's cursor, read batch by batch; it holds one connection of its member until it is disposed. Session-less.
/// Not thread-safe.
/// </summary>
public sealed class MongoCursor : IAsyncDisposable
{
    private static readonly TimeSpan KillTimeout = TimeSpan.FromSeconds(5);
    private readonly ConnectionLease _lease;
    private readonly CursorOptions _options;
    private readonly string _database;
    private readonly string _collection;
    private readonly BsonDocument _getMore;
    private CursorBatch? _first;
    private bool _disposed;
    private long _id;

    private MongoCursor(ConnectionLease lease, CommandReply reply, CursorOptions options)
    {
        _lease = lease;
        _options = options;
        var cursor = RawFields.Find(reply.Document.Memory, "cursor"u8);
        var view = new BsonView(cursor.Span);
        (_database, _collection) = SplitNamespace(view["ns"u8].AsString);
        Id = view["id"u8].ToInt64();
        _first = new CursorBatch(reply, Batch(cursor, "firstBatch"u8));
        _getMore = BuildGetMore();
    }

    /// <summary>The member it is open on.</summary>
    public HostAddress Host => _lease.Connection.Host;

    /// <summary>0 once the server has closed it: nothing more comes.</summary>
    public long Id
    {
        get => _id;
        private set
        {
            if (_id == 0 && value != 0)
            {
                _lease.Connection.Traffic.CursorOpened();
            }
            else if (_id != 0 && value == 0)
            {
                _lease.Connection.Traffic.CursorClosed();
            }

            _id = value;
        }
    }

    internal static async Task<MongoCursor> OpenAsync(
        ConnectionLease lease,
        string database,
        BsonDocument command,
        ReadOnlyMemory<byte> trailer,
        CursorOptions options,
        CancellationToken cancellation
    )
    {
        var reply = await lease.Connection.RunCommandAsync(database, command, trailer, options.MaxAwait, cancellation);
        try
        {
            return new MongoCursor(lease, reply, options);
        }
        catch
        {
            reply.Dispose();
            throw;
        }
    }

    /// <summary>
    /// The next batch; null at the end. A tailable cursor answers an empty batch when nothing came within MaxAwait,
    /// and null when the server closed it. At most one batch should be held at a time: it is the receive buffer.
    /// </summary>
    /// <exception cref="BackupException">
    /// 2113 the connection was lost (transient: open the cursor again from the last document seen); CommandException
    /// with code 43 CursorNotFound, 136 CappedPositionLost, …
    /// </exception>
    public async ValueTask<CursorBatch?> NextBatchAsync(CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_first is { } first)
        {
            _first = null;
            return first;
        }

        return Id == 0 ? null : await GetMoreAsync(cancellation);
    }

    /// <summary>Closes the server's side too, unless that has happened or the connection is lost.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _first?.Dispose();
        if (Id != 0 && !_lease.Connection.IsBroken)
        {
            await KillAsync();
        }

        // One on a lost connection is the server's to close.
        Id = 0;
        _lease.Dispose();
    }

    private async Task<CursorBatch> GetMoreAsync(CancellationToken cancellation)
    {
        CommandReply reply;
        try
        {
            reply = await _lease.Connection.RunCommandAsync(
                _database,
                _getMore,
                default,
                _options.MaxAwait,
                cancellation
            );
        }
        catch (CommandException)
        {
            // Whatever the reason, the server has no such cursor any more or will close it by itself.
            Id = 0;
            throw;
        }

        var cursor = RawFields.Find(reply.Document.Memory, "cursor"u8);
        Id = new BsonView(cursor.Span)["id"u8].ToInt64();
        return new CursorBatch(reply, Batch(cursor, "nextBatch"u8));
    }

    private BsonDocument BuildGetMore() =>
        BsonDocument.Build(more =>
        {
            more.Int64("getMore"u8, Id).String("collection"u8, _collection);
            if (_options.BatchSize > 0)
            {
                more.Int32("batchSize"u8, _options.BatchSize);
            }

            if (_options.MaxAwait > TimeSpan.Zero)
            {
                more.Int64("maxTimeMS"u8, (long)_options.MaxAwait.TotalMilliseconds);
            }
        });

    private async Task KillAsync()
    {
        var id = Id;
        Id = 0;
        var command = BsonDocument.Build(kill =>
            kill.String("killCursors"u8, _collection).BeginArray("cursors"u8).Int64("0"u8, id).EndArray()
        );
        using var limit = new CancellationTokenSource(KillTimeout);
        try
        {
            using var reply = await _lease.Connection.RunCommandAsync(_database, command, limit.Token);
        }
        catch (Exception failure) when (failure is BackupException or OperationCanceledException)
        {
            // The server closes an abandoned cursor by itself; there is nobody to tell.
        }
    }

    private static ReadOnlyMemory<byte> Batch(ReadOnlyMemory<byte> cursor, ReadOnlySpan<byte> name)
    {
        var batch = RawFields.Find(cursor, name);
        return batch.IsEmpty ? throw MongoWireErrors.BadMessage("a cursor's reply holds no batch") : batch;
    }

    private static (string Database, string Collection) SplitNamespace(string name)
    {
        var dot = name.IndexOf('.');
        return dot > 0
            ? (name[..dot], name[(dot + 1)..])
            : throw MongoWireErrors.BadMessage("a cursor's namespace has no dot");
    }
}

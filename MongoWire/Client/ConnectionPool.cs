using Backup.MongoWire.Client.Discovery;
using Backup.MongoWire.Uri;

namespace Backup.MongoWire.Client;

/// <summary>
/// The connections to one member: at most so many at a time, the last one given back is taken first. Clearing it starts a new
/// generation: connections of older ones are not used again. Thread-safe.
/// </summary>
/// <param name="failed">Told of every error on one of its connections, without any lock held.</param>
internal sealed class ConnectionPool(
    HostAddress host,
    ConnectionSettings settings,
    int limit,
    Action<ApplicationError> failed
)
{
    private readonly SemaphoreSlim _slots = new(limit, limit);
    private readonly Lock _lock = new();
    private readonly Stack<MongoConnection> _idle = new();
    private readonly HashSet<MongoConnection> _inUse = [];
    private bool _disposed;

    /// <summary>How often it was cleared.</summary>
    internal int Generation { get; private set; }

    /// <summary>Connections in somebody's hand.</summary>
    internal int InUse
    {
        get
        {
            lock (_lock)
            {
                return _inUse.Count;
            }
        }
    }

    /// <summary>Waits for a slot; connects where no idle connection lives.</summary>
    internal async Task<ConnectionLease> TakeAsync(CancellationToken cancellation)
    {
        await _slots.WaitAsync(cancellation);
        try
        {
            var connection = Idle();
            if (connection is null)
            {
                var origin = new ConnectionOrigin(Generation, failed);
                connection = await MongoConnection.ConnectAsync(host, settings, origin, cancellation);
            }

            lock (_lock)
            {
                _inUse.Add(connection);
            }

            return new ConnectionLease(connection, GiveBack);
        }
        catch
        {
            _slots.Release();
            throw;
        }
    }

    /// <summary>
    /// Starts a new generation and closes what is idle: after the server was lost, those would only fail one by one. Does no I/O that
    /// is waited for.
    /// </summary>
    /// <param name="interrupt">Also ends what is in use: a server that answers nobody would keep them waiting for minutes.</param>
    internal void Clear(bool interrupt, Exception reason)
    {
        List<MongoConnection> ended;
        lock (_lock)
        {
            Generation++;
            ended = [.. _idle];
            _idle.Clear();
            if (interrupt)
            {
                ended.AddRange(_inUse.Where(connection => connection.Generation < Generation));
            }
        }

        foreach (var connection in ended)
        {
            connection.Break(reason);
        }
    }

    /// <summary>Closes what is idle now, and the rest when it is given back.</summary>
    internal void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
        }

        Clear(interrupt: false, new ObjectDisposedException(nameof(MongoClient)));
    }

    private MongoConnection? Idle()
    {
        lock (_lock)
        {
            while (_idle.TryPop(out var idle))
            {
                if (!idle.IsBroken)
                {
                    return idle;
                }
            }

            return null;
        }
    }

    private void GiveBack(MongoConnection connection)
    {
        bool kept;
        lock (_lock)
        {
            _inUse.Remove(connection);
            kept = !_disposed && !connection.IsBroken && connection.Generation == Generation;
            if (kept)
            {
                _idle.Push(connection);
            }
        }

        if (!kept)
        {
            connection.Break(new ObjectDisposedException("pooled connection"));
        }

        _slots.Release();
    }
}

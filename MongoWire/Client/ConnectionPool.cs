using System.Collections.Concurrent;
using Backup.MongoWire.Uri;

namespace Backup.MongoWire.Client;

/// <summary>The connections to one member: at most so many at a time, the last one given back is taken first.</summary>
internal sealed class ConnectionPool(HostAddress host, ConnectionSettings settings, int limit) : IAsyncDisposable
{
    private readonly SemaphoreSlim _slots = new(limit, limit);
    private readonly ConcurrentStack<MongoConnection> _idle = new();
    private volatile bool _disposed;

    /// <summary>Waits for a slot; connects where no idle connection lives.</summary>
    internal async Task<ConnectionLease> TakeAsync(CancellationToken cancellation)
    {
        await _slots.WaitAsync(cancellation);
        try
        {
            while (_idle.TryPop(out var idle))
            {
                if (!idle.IsBroken)
                {
                    return new ConnectionLease(idle, GiveBack);
                }
            }

            return new ConnectionLease(await MongoConnection.ConnectAsync(host, settings, cancellation), GiveBack);
        }
        catch
        {
            _slots.Release();
            throw;
        }
    }

    /// <summary>Closes what is idle: after the server was lost, those would only fail one by one.</summary>
    internal async ValueTask ClearAsync()
    {
        while (_idle.TryPop(out var idle))
        {
            await idle.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _disposed = true;
        await ClearAsync();
    }

    private void GiveBack(MongoConnection connection)
    {
        if (_disposed)
        {
            connection.Break(new ObjectDisposedException(nameof(MongoClient)));
        }
        else if (!connection.IsBroken)
        {
            _idle.Push(connection);
        }

        _slots.Release();
    }
}

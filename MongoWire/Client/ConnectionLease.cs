namespace Backup.MongoWire.Client;

/// <summary>A pooled connection in one hand; disposing it gives it back, or closes it where it has died.</summary>
public sealed class ConnectionLease : IDisposable
{
    private readonly Action<MongoConnection> _giveBack;
    private int _done;

    internal ConnectionLease(MongoConnection connection, Action<MongoConnection> giveBack)
    {
        Connection = connection;
        _giveBack = giveBack;
    }

    public MongoConnection Connection { get; }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _done, 1) == 0)
        {
            _giveBack(Connection);
        }
    }
}

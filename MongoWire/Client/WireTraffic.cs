namespace Backup.MongoWire.Client;

/// <summary>What one or several clients have asked of servers, counted since the start. Thread-safe.</summary>
public sealed class WireTraffic
{
    private long _commands;
    private long _bytesRead;
    private int _cursors;

    /// <summary>Commands sent, those of handshakes and heartbeats too.</summary>
    public long Commands => Interlocked.Read(ref _commands);

    /// <summary>Bytes of the answers, not compressed.</summary>
    public long BytesRead => Interlocked.Read(ref _bytesRead);

    /// <summary>Cursors open at a server now.</summary>
    public int Cursors => Volatile.Read(ref _cursors);

    internal void Sent() => Interlocked.Increment(ref _commands);

    internal void Read(int bytes) => Interlocked.Add(ref _bytesRead, bytes);

    internal void CursorOpened() => Interlocked.Increment(ref _cursors);

    internal void CursorClosed() => Interlocked.Decrement(ref _cursors);
}

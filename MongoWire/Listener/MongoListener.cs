using System.Net;

namespace Backup.MongoWire.Listener;

/// <summary>Serves the MongoDB wire protocol on an endpoint; real drivers and tools can talk to it.</summary>
public sealed class MongoListener : IAsyncDisposable
{
    internal MongoListener(IPEndPoint endPoint) => EndPoint = endPoint;

    /// <summary>Where it listens, with the port that was taken.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Binds and starts to accept.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2150 where the endpoint cannot be bound.</exception>
    public static MongoListener Start(ListenerOptions options, ICommandHandler handler) =>
        throw new NotSupportedException();

    /// <summary>Accepts nobody, waits a moment for requests in work, then closes every connection.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

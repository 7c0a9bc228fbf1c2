using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace Backup.MongoWire.Listener;

/// <summary>What a server knows of one client connection.</summary>
public sealed class ListenerConnection
{
    internal ListenerConnection(long id, EndPoint? remote, X509Certificate2? clientCertificate)
    {
        Id = id;
        Remote = remote;
        ClientCertificate = clientCertificate;
    }

    /// <summary>The stand-in for a connection where a process sends commands to a handler of its own.</summary>
    public static ListenerConnection Local(long id) => new(id, remote: null, clientCertificate: null);

    /// <summary>From 1, unique within the listener: <c>connectionId</c> of the hello reply.</summary>
    public long Id { get; }

    public EndPoint? Remote { get; }

    /// <summary>The certificate that the client proved to own; null without TLS or where it sent none.</summary>
    public X509Certificate2? ClientCertificate { get; }

    /// <summary>The handler's own state of this connection: who is logged in, open conversations.</summary>
    public ConcurrentDictionary<string, object> Items { get; } = new();

    /// <summary>Ends when the client hangs up or the listener stops: for waits of tailable cursors.</summary>
    public CancellationToken Closed { get; internal init; }
}

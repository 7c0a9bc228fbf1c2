using Backup.MongoWire.Bson;
using Backup.MongoWire.Protocol;

namespace Backup.MongoWire.Client;

/// <summary>
/// A server's answer. The document is a slice of the connection's receive buffer: it is valid until
/// <see cref="Dispose"/>, and copies nothing. To be disposed by whoever got it: a large buffer is not the garbage collector's.
/// </summary>
public sealed class CommandReply : IDisposable
{
    private readonly WireMessage _message;

    internal CommandReply(WireMessage message, Uri.HostAddress host)
    {
        _message = message;
        Host = host;
    }

    /// <summary>Who answered.</summary>
    public Uri.HostAddress Host { get; }

    public BsonDocument Document => _message.Body;

    public BsonView View => _message.Body.View;

    /// <summary>Whether the server sends another reply by itself (exhaust).</summary>
    public bool MoreToCome => (_message.Flags & MsgFlags.MoreToCome) != 0;

    public void Dispose() => _message.Dispose();
}

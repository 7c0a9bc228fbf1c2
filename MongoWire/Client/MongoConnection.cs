using Backup.MongoWire.Bson;
using Backup.MongoWire.Uri;

namespace Backup.MongoWire.Client;

/// <summary>
/// One socket to one server, through TLS, hello and authentication. One command at a time. It dies in one way only:
/// <see cref="Break"/>; after that every call throws the error that killed it.
/// </summary>
public sealed class MongoConnection : IAsyncDisposable
{
    internal MongoConnection() { }

    public HostAddress Host => throw new NotSupportedException();

    public bool IsBroken => throw new NotSupportedException();

    /// <summary>The server's hello reply, from the handshake.</summary>
    public BsonDocument Hello => throw new NotSupportedException();

    /// <summary>Sends a command and awaits its answer. A cancelled call breaks the connection.</summary>
    /// <exception cref="CommandException">The server answered ok: 0; the connection lives on.</exception>
    /// <exception cref="Foundation.Errors.BackupException">2111, 2113: it broke.</exception>
    public Task<CommandReply> RunCommandAsync(string database, BsonDocument command, CancellationToken cancellation) =>
        throw new NotSupportedException();

    /// <summary>Ends the connection, with the reason that later calls will name.</summary>
    public void Break(Exception reason) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

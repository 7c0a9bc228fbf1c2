using Backup.MongoWire.Bson;

namespace Backup.MongoWire.Listener;

/// <summary>
/// What a server does with the commands it is sent, hello and authentication included. Requests of one connection
/// come one after another, those of different connections at the same time.
/// </summary>
public interface ICommandHandler
{
    /// <summary>
    /// Answers one command. The request and everything it lends (command, sequences) is valid until the task ends;
    /// the reply must not lean on it.
    /// </summary>
    /// <returns>The reply with its <c>ok</c> field; not sent where <see cref="CommandRequest.WantsReply"/> is false.</returns>
    /// <exception cref="Client.CommandException">Sent to the client as it is: ok 0, code, codeName, errmsg.</exception>
    /// <exception cref="Foundation.Errors.BackupException">Sent to the client as code 8 (UnknownError) with its message.</exception>
    ValueTask<BsonDocument> HandleAsync(CommandRequest request, CancellationToken cancellation);

    /// <summary>The connection is gone: its cursors and sessions can be let go. Called once for each connection.</summary>
    void Disconnected(ListenerConnection connection) { }
}

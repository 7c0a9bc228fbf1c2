using Backup.MongoWire.Bson;
using Backup.MongoWire.Protocol;

namespace Backup.MongoWire.Listener;

/// <summary>One command as it came in; its memory is lent until the handler's task ends.</summary>
public sealed class CommandRequest
{
    private readonly Func<BsonDocument, CancellationToken, ValueTask> _sendMore;

    internal CommandRequest(
        ListenerConnection connection,
        WireMessage message,
        string database,
        Func<BsonDocument, CancellationToken, ValueTask> sendMore
    )
    {
        Connection = connection;
        Database = database;
        Command = message.Body;
        Sequences = message.Sequences;
        IsLegacy = message.OpCode == OpCode.Query;
        ExhaustAllowed = (message.Flags & MsgFlags.ExhaustAllowed) != 0;
        WantsReply = (message.Flags & MsgFlags.MoreToCome) == 0;
        Name = Command.View.First.NameText;
        _sendMore = sendMore;
    }

    /// <summary>A command of this process itself, which came over no socket.</summary>
    /// <param name="command">With all its arguments; kept, not copied.</param>
    public CommandRequest(ListenerConnection connection, string database, BsonDocument command)
    {
        Connection = connection;
        Database = database;
        Command = command;
        Sequences = [];
        WantsReply = true;
        Name = Command.View.First.NameText;
        _sendMore = static (_, _) => ValueTask.CompletedTask;
    }

    public ListenerConnection Connection { get; }

    /// <summary><c>$db</c>, or the database of a legacy OP_QUERY.</summary>
    public string Database { get; }

    /// <summary>The name of the first field, in the client's spelling: <c>find</c>, <c>isMaster</c>, …</summary>
    public string Name { get; }

    /// <summary>The command document (kind-0 section), <c>$db</c> and the like included.</summary>
    public BsonDocument Command { get; }

    /// <summary>Arguments that were sent beside the command document.</summary>
    public IReadOnlyList<DocumentSequence> Sequences { get; }

    /// <summary>Whether it came as OP_QUERY: only hello and isMaster may.</summary>
    public bool IsLegacy { get; }

    /// <summary>Whether <see cref="SendMoreAsync"/> may be used.</summary>
    public bool ExhaustAllowed { get; }

    /// <summary>False for fire-and-forget commands (write concern w: 0).</summary>
    public bool WantsReply { get; }

    /// <summary>
    /// Sends a reply that is followed by others (exhaust); the handler's result is the last of them. Completes when
    /// the reply is with the operating system, so a slow client slows the handler down.
    /// </summary>
    public ValueTask SendMoreAsync(BsonDocument reply, CancellationToken cancellation) =>
        ExhaustAllowed
            ? _sendMore(reply, cancellation)
            : throw new InvalidOperationException("The client did not allow several replies.");

    /// <summary>
    /// The documents of an array argument, wherever the client put them: in a kind-1 section or in the command.
    /// None where the argument is missing.
    /// </summary>
    /// <param name="name">For example <c>documents</c>, <c>updates</c>, <c>deletes</c>.</param>
    public IEnumerable<BsonDocument> Documents(string name)
    {
        foreach (var sequence in Sequences)
        {
            if (sequence.Name == name)
            {
                return sequence.Documents;
            }
        }

        return FromArray(name);
    }

    private List<BsonDocument> FromArray(string name)
    {
        var found = new List<BsonDocument>();
        if (Command.View.TryGet(System.Text.Encoding.UTF8.GetBytes(name), out var array))
        {
            foreach (var item in array.AsDocument)
            {
                found.Add(item.AsDocument.ToDocument());
            }
        }

        return found;
    }
}

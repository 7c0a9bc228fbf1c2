using System.Security.Cryptography;
using System.Text;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;

namespace Backup.MongoWire.Authentication;

/// <summary>
/// The server's half of saslStart and saslContinue for one connection: SCRAM-SHA-1 and SCRAM-SHA-256. Not
/// thread-safe. An unknown user goes through the whole exchange with made-up keys, so that names cannot be probed.
/// </summary>
/// <param name="find">The credential of (database, user, mechanism), or null.</param>
public sealed class SaslServer(Func<string, string, ScramMechanism, ScramCredential?> find)
{
    private const int ConversationId = 1;

    /// <summary>The salt of an unknown user must stay the same each time it is asked for.</summary>
    private static readonly byte[] DecoyKey = RandomNumberGenerator.GetBytes(32);

    private ScramServer? _exchange;
    private (string Database, string User) _candidate;
    private bool _known;
    private bool _proven;
    private bool _skipEmptyExchange;

    /// <summary>Who is logged in, as (database, user); null before a successful exchange and after logout.</summary>
    public (string Database, string User)? User { get; private set; }

    /// <summary>Answers the command saslStart.</summary>
    /// <exception cref="CommandException">18 AuthenticationFailed: wrong user, password or mechanism.</exception>
    public BsonDocument Start(string database, BsonView command)
    {
        User = null;
        _proven = false;
        _exchange = null;
        var mechanism = ScramMechanism.Find(command["mechanism"u8].AsString) ?? throw Failed();
        var message = Encoding.UTF8.GetString(command["payload"u8].AsBinary);
        var bare = message.StartsWith("n,,", StringComparison.Ordinal) ? message[3..] : throw Failed();
        var name = ScramMessage.Find(bare, 'n') ?? throw Failed();
        var nonce = ScramMessage.Find(bare, 'r') is { Length: > 0 } given ? given : throw Failed();
        var user = ScramMessage.Unescape(name);
        var credential = find(database, user, mechanism);
        _known = credential is not null;
        _candidate = (database, user);
        _skipEmptyExchange =
            command.TryGet("options"u8, out var options)
            && options.AsDocument.TryGet("skipEmptyExchange"u8, out var skip)
            && skip.ToBoolean();
        _exchange = new ScramServer(credential ?? Decoy(database, user, mechanism), bare, nonce, ScramKeys.Nonce());
        return Reply(_exchange.First(), done: false);
    }

    /// <summary>Answers the command saslContinue.</summary>
    /// <exception cref="CommandException">18 AuthenticationFailed; 17 where no conversation is open.</exception>
    public BsonDocument Continue(BsonView command)
    {
        if (_proven)
        {
            // The empty exchange that old clients end with.
            _proven = false;
            return Reply([], done: true);
        }

        var exchange = _exchange ?? throw new CommandException(17, "ProtocolError", "No SASL session state found");
        _exchange = null;
        var signature = exchange.Final(command["payload"u8].AsBinary);
        if (signature is null || !_known)
        {
            throw Failed();
        }

        User = _candidate;
        _proven = !_skipEmptyExchange;
        return Reply(signature, done: _skipEmptyExchange);
    }

    public void Logout() => User = null;

    private static ScramCredential Decoy(string database, string user, ScramMechanism mechanism)
    {
        var seed = HMACSHA256.HashData(DecoyKey, Encoding.UTF8.GetBytes($"{database}.{user}.{mechanism.Name}"));
        return new ScramCredential(
            mechanism,
            seed.AsMemory(0, mechanism.HashLength - 4),
            mechanism.DefaultIterations,
            RandomNumberGenerator.GetBytes(mechanism.HashLength),
            RandomNumberGenerator.GetBytes(mechanism.HashLength)
        );
    }

    private static BsonDocument Reply(byte[] payload, bool done) =>
        BsonDocument.Build(reply =>
            reply
                .Int32("conversationId"u8, ConversationId)
                .Boolean("done"u8, done)
                .Binary("payload"u8, payload)
                .Double("ok"u8, 1)
        );

    private static CommandException Failed() =>
        new(ServerErrors.AuthenticationFailed, "AuthenticationFailed", "Authentication failed.");
}

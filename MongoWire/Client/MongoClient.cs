using Backup.MongoWire.Bson;
using Backup.MongoWire.Uri;

namespace Backup.MongoWire.Client;

/// <summary>
/// A replica set, a mongos or a single server, found and kept in sight: a small pool of connections to each member,
/// heartbeats, server selection, safe retries. Thread-safe; one for a deployment, kept as long as it is used.
/// </summary>
public sealed class MongoClient : IAsyncDisposable
{
    public MongoClient(ConnectionString connectionString, MongoClientOptions options) { }

    /// <summary>Sends a command to a member that fits. Reads (by name) are retried, everything else is sent once.</summary>
    /// <param name="database">Becomes <c>$db</c>.</param>
    /// <param name="command">Without <c>$db</c> and <c>$readPreference</c>.</param>
    /// <exception cref="CommandException">The server answered ok: 0.</exception>
    /// <exception cref="Foundation.Errors.BackupException">2110 to 2133: it could not be asked; see MongoWireErrors.</exception>
    public Task<CommandReply> RunCommandAsync(
        string database,
        BsonDocument command,
        ReadTarget target,
        CancellationToken cancellation
    ) => throw new NotSupportedException();

    /// <summary>Opens a cursor with a command that answers one: find, aggregate, listCollections, listIndexes.</summary>
    public Task<MongoCursor> OpenCursorAsync(
        string database,
        BsonDocument command,
        ReadTarget target,
        CursorOptions options,
        CancellationToken cancellation
    ) => throw new NotSupportedException();

    /// <summary>A connection for the caller alone until it is disposed (then it goes back to the pool).</summary>
    public Task<ConnectionLease> LeaseAsync(ReadTarget target, CancellationToken cancellation) =>
        throw new NotSupportedException();

    /// <summary>Waits for a member that fits and describes it.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2130 after the selection timeout, with what each host answered.</exception>
    public Task<ServerDescription> SelectAsync(ReadTarget target, CancellationToken cancellation) =>
        throw new NotSupportedException();

    /// <summary>What is known of the members now.</summary>
    public TopologyDescription Topology => throw new NotSupportedException();

    /// <summary>Asks every member at once instead of at the next heartbeat.</summary>
    public void RequestCheck() => throw new NotSupportedException();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

using Backup.Foundation.Errors;
using Backup.Metadata.Mongo.Documents;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;

namespace Backup.Metadata.Mongo.Transactions;

/// <summary>
/// One attempt of one transaction. It begins with its first command, on a connection that is its own, so that all of it goes to one server (to one router,
/// of a cluster). Source: the driver specification "transactions". Used by one caller at a time; disposed by whoever began it.
/// </summary>
internal sealed class Transaction(
    MongoClient client,
    string database,
    ServerSessions sessions,
    CancellationToken cancellation
) : IChannel, IDisposable
{
    /// <summary>On the disks of a majority; waited for so long (in milliseconds) before it is asked for again.</summary>
    private static readonly BsonDocument Durable = Doc.Of(("w", "majority"), ("j", true), ("wtimeout", 10_000));

    private readonly ServerSession _session = Begin(sessions.Take());
    private ConnectionLease? _lease;
    private BsonDocument? _recovery;
    private bool _isLost;

    /// <summary>Whether the server has heard of it.</summary>
    internal bool HasBegun { get; private set; }

    public async Task<BsonDocument> RunAsync(BsonDocument command)
    {
        using var reply = await SendAsync(database, command);
        ThrowIfRefused(reply.View, command);
        return reply.View.ToDocument();
    }

    public async Task<List<BsonDocument>> ReadAsync(BsonDocument command)
    {
        var found = new List<BsonDocument>();
        await EachAsync(command, found.Add);
        return found;
    }

    public async Task EachAsync(BsonDocument command, Action<BsonDocument> take)
    {
        long id;
        string collection;
        using (var reply = await SendAsync(database, command))
        {
            var cursor = reply.View["cursor"u8].AsDocument;
            id = Take(cursor, "firstBatch"u8, take);
            var name = cursor["ns"u8].AsString;
            collection = name[(name.IndexOf('.') + 1)..];
        }

        while (id != 0)
        {
            using var reply = await SendAsync(database, Doc.Of(("getMore", id), ("collection", collection)));
            id = Take(reply.View["cursor"u8].AsDocument, "nextBatch"u8, take);
        }
    }

    /// <summary>
    /// Sends the commit. It may be sent again, also after it failed: the server answers what became of it. A connection that broke is
    /// replaced.
    /// </summary>
    /// <exception cref="BackupException">See <see cref="Verdict"/> for what it means.</exception>
    internal async Task CommitAsync(CancellationToken limit)
    {
        using var reply = await EndAsync("commitTransaction", limit);
        ThrowIfRefused(reply.View, Doc.Of(("commitTransaction", 1)));
    }

    /// <summary>
    /// Gives up: nothing of it will be there. Told on another connection, too, where its own broke: until the server knows it keeps others from
    /// what was changed, for a minute or more where it is not told at all.
    /// </summary>
    internal async Task AbortAsync(TimeSpan limit, TimeProvider clock)
    {
        if (!HasBegun)
        {
            return;
        }

        using var soon = new CancellationTokenSource(limit, clock);
        try
        {
            using var reply = await EndAsync("abortTransaction", soon.Token);
        }
        catch (Exception failure) when (failure is BackupException or OperationCanceledException)
        {
            // Most often it was over already: the server ends it with the first command that fails.
            _isLost |= failure is not CommandException;
        }
    }

    public void Dispose()
    {
        _lease?.Dispose();
        sessions.GiveBack(_session, _isLost);
    }

    private static ServerSession Begin(ServerSession session)
    {
        session.Number++;
        return session;
    }

    private async Task<CommandReply> SendAsync(string where, BsonDocument command)
    {
        // Between commands only: one that were given up under way would take its connection with it.
        cancellation.ThrowIfCancellationRequested();
        _lease ??= await client.LeaseAsync(ReadTarget.Primary, cancellation);
        var isFirst = !HasBegun;
        HasBegun = true;
        var own = isFirst
            ? Doc.Of(("readConcern", Doc.Of(("level", "snapshot"))), ("startTransaction", true))
            : BsonDocument.Empty;
        try
        {
            var reply = await _lease.Connection.RunCommandAsync(where, Doc.Both(command, own, Part()), default);
            Remember(reply.View);
            return reply;
        }
        catch (Exception failure) when (failure is not CommandException)
        {
            _isLost = true;
            throw;
        }
    }

    private async Task<CommandReply> EndAsync(string command, CancellationToken limit)
    {
        if (_lease is null || _lease.Connection.IsBroken)
        {
            _lease?.Dispose();
            _lease = null;
            _lease = await client.LeaseAsync(ReadTarget.Primary, limit);
        }

        var end = Doc.Of((command, 1), ("writeConcern", Durable));
        var recovery = _recovery is { } token ? Doc.Of(("recoveryToken", token)) : BsonDocument.Empty;
        try
        {
            return await _lease.Connection.RunCommandAsync("admin", Doc.Both(end, recovery, Part()), limit);
        }
        catch (Exception failure) when (failure is not CommandException)
        {
            _isLost = true;
            throw;
        }
    }

    private BsonDocument Part() =>
        Doc.Of(("lsid", _session.Lsid), ("txnNumber", _session.Number), ("autocommit", false));

    /// <summary>Another router finds out with it what became of the transaction.</summary>
    private void Remember(BsonView reply)
    {
        if (reply.TryGet("recoveryToken"u8, out var token))
        {
            _recovery = token.AsDocument.ToDocument();
        }
    }

    private static long Take(BsonView cursor, ReadOnlySpan<byte> batch, Action<BsonDocument> take)
    {
        foreach (var item in cursor[batch].AsDocument)
        {
            take(item.AsDocument.ToDocument());
        }

        return cursor["id"u8].ToInt64();
    }

    /// <summary>A reply that says ok may hold an error all the same: of a statement, or of the write concern.</summary>
    internal static void ThrowIfRefused(BsonView reply, BsonDocument command)
    {
        if (reply.TryGet("writeErrors"u8, out var errors))
        {
            throw Refusal(errors.AsDocument.First.AsDocument, command.View.First.NameText);
        }

        if (reply.TryGet("writeConcernError"u8, out var concern))
        {
            throw Refusal(concern.AsDocument, command.View.First.NameText);
        }
    }

    private static CommandException Refusal(BsonView error, string command) =>
        new(
            (int)error["code"u8].ToInt64(),
            error.TryGet("codeName"u8, out var name) ? name.AsString : "",
            $"{command}: {(error.TryGet("errmsg"u8, out var message) ? message.AsString : "refused")}"
        );
}

using System.Collections.Concurrent;
using Backup.MongoWire.Bson;

namespace Backup.Sandbox.Sharding.Routing;

/// <summary>The transactions that clients have through a router: who takes part, and how they end.</summary>
internal sealed class RouterTransactions(Router router)
{
    private static readonly HashSet<string> Allowed =
    [
        "find",
        "getMore",
        "killCursors",
        "aggregate",
        "distinct",
        "insert",
        "update",
        "delete",
        "findAndModify",
        "commitTransaction",
        "abortTransaction",
    ];

    private readonly ConcurrentDictionary<BsonDocument, RouterTransaction> _known = [];

    /// <summary>Finds the transaction that a command is a part of, or begins it.</summary>
    /// <exception cref="CommandFault">72, 251, 256, 263, 50940</exception>
    public RouterTransaction Enter(RouterContext context, string name)
    {
        if (context.Session is not { } session || !context.View.TryGet("txnNumber"u8, out var given))
        {
            throw CommandFault.InvalidOptions("'autocommit' field requires a transaction number to also be specified");
        }

        if (!Allowed.Contains(name))
        {
            throw new CommandFault(
                263,
                "OperationNotSupportedInTransaction",
                $"Cannot run '{name}' in a multi-document transaction."
            );
        }

        var number = given.ToInt64();
        if (context.Flag("startTransaction"u8))
        {
            return _known[session] = Begin(context, number);
        }

        if (_known.TryGetValue(session, out var known) && known.Number == number)
        {
            CheckGoesOn(known, name);
            return known;
        }

        if (name == "commitTransaction")
        {
            return new RouterTransaction(number) { State = RouterTransactionState.Unknown };
        }

        throw CommandFault.NoSuchTransaction(
            $"Given transaction number {number} does not match any in-progress transactions. The active transaction number is {known?.Number ?? -1}"
        );
    }

    /// <summary>The client is done with sessions.</summary>
    public void Forget(RouterContext context)
    {
        var digest = context.Digest;
        foreach (var session in context.View.First.AsDocument)
        {
            _known.TryRemove(Commands.Sessions.Identify(session.AsDocument.ToDocument(), digest), out _);
        }
    }

    /// <summary>After a statement has failed nothing of the transaction stays.</summary>
    public async Task GiveUpAsync(RouterContext context, RouterTransaction transaction)
    {
        if (transaction.State == RouterTransactionState.Open)
        {
            transaction.State = RouterTransactionState.Aborted;
            await AbortAsync(context, transaction);
        }
    }

    public static async Task<BsonDocument> AbortAsync(RouterContext context)
    {
        var transaction = context.Transaction!;
        transaction.State = RouterTransactionState.Aborted;
        await AbortAsync(context, transaction);
        return context.Reply(static _ => { });
    }

    public async Task<BsonDocument> CommitAsync(RouterContext context)
    {
        var transaction = context.Transaction!;
        if (transaction.State is RouterTransactionState.Open)
        {
            await EndAsync(context, transaction);
            transaction.State = RouterTransactionState.Committed;
        }
        else
        {
            await RecoverAsync(context, transaction);
        }

        return context.Reply(static _ => { });
    }

    private RouterTransaction Begin(RouterContext context, long number)
    {
        var concern = context.Document("readConcern"u8);
        var level = concern is { } given && given.View.TryGet("level"u8, out var named) ? named.AsString : null;
        var after =
            concern is { } wanted && wanted.View.TryGet("afterClusterTime"u8, out var time) ? time.AsTimestamp : 0;
        router.Clock.Advance(after);
        return new RouterTransaction(number) { Level = level, ReadAt = level == "snapshot" ? router.Clock.Now : null };
    }

    private static void CheckGoesOn(RouterTransaction transaction, string name)
    {
        if (transaction.State == RouterTransactionState.Aborted)
        {
            throw CommandFault.NoSuchTransaction($"Transaction {transaction.Number} has been aborted.");
        }

        if (transaction.State == RouterTransactionState.Committed && name != "commitTransaction")
        {
            throw new CommandFault(
                256,
                "TransactionCommitted",
                $"Transaction {transaction.Number} has been committed."
            );
        }
    }

    /// <summary>One shard commits at once; where several have written the first of them sees to it.</summary>
    private async Task EndAsync(RouterContext context, RouterTransaction transaction)
    {
        var writers = transaction.Writers;
        if (writers.Count > 1)
        {
            await CoordinateAsync(context, transaction.Participants[0], transaction.Participants);
            return;
        }

        var commit = Command("commitTransaction", context);
        var readers = transaction.Participants.Except(writers);
        foreach (var shard in readers.Concat(writers))
        {
            await router.Calls.RunAsync(context, shard, commit);
        }
    }

    private async Task RecoverAsync(RouterContext context, RouterTransaction transaction)
    {
        var shard =
            context.Document("recoveryToken"u8) is { } token && token.View.TryGet("recoveryShardId"u8, out var named)
                ? named.AsString
                : transaction.RecoveryShard;
        if (shard is not null)
        {
            await CoordinateAsync(context, shard, []);
        }
        else if (transaction.State == RouterTransactionState.Unknown)
        {
            throw new CommandFault(
                50940,
                "Location50940",
                "Cannot recover the transaction decision without a recoveryToken"
            );
        }
    }

    private async Task CoordinateAsync(RouterContext context, string shard, IReadOnlyList<string> participants)
    {
        var (session, number) = (context.Session!.Value, context.View["txnNumber"u8].ToInt64());
        var command = BsonDocument.Build(w =>
        {
            Span<byte> scratch = stackalloc byte[11];
            w.Int32("coordinateCommitTransaction"u8, 1).BeginArray("participants"u8);
            foreach (var participant in participants)
            {
                w.BeginDocument(w.ArrayItemName(scratch)).String("shardId"u8, participant).EndDocument();
            }

            w.EndArray().Document("lsid"u8, session).Int64("txnNumber"u8, number);
        });
        var reply = await router.Calls.Link(shard).RunAsync("admin", command, context.Cancellation);
        ShardCalls.ThrowIfFailed(reply.View);
    }

    private static async Task AbortAsync(RouterContext context, RouterTransaction transaction)
    {
        var abort = Command("abortTransaction", context);
        foreach (var shard in transaction.Participants)
        {
            try
            {
                await context.Router.Calls.RunAsync(context, shard, abort);
            }
            catch (CommandFault)
            {
                // It has no part in it any more.
            }
        }
    }

    private static BsonDocument Command(string name, RouterContext context)
    {
        var concern = context.Document("writeConcern"u8);
        return BsonDocument.Build(w =>
        {
            w.Int32(System.Text.Encoding.UTF8.GetBytes(name), 1);
            if (concern is { } wanted)
            {
                w.Document("writeConcern"u8, wanted);
            }
        });
    }
}

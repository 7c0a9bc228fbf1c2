using Backup.MongoWire.Bson;
using Backup.Sandbox.Transactions;

namespace Backup.Sandbox.Commands;

/// <summary>The begin of a transaction, which is an ordinary command's, and its end. Under the engine's lock.</summary>
internal static class TransactionCommands
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
        "prepareTransaction",
    ];

    private static readonly HashSet<string> Ends = ["commitTransaction", "abortTransaction", "prepareTransaction"];

    /// <summary>Finds the transaction that a command with <c>autocommit: false</c> is a part of, or begins it.</summary>
    /// <exception cref="CommandFault">225, 251, 256, 263 or 267, as of a server.</exception>
    public static OpenTransaction Enter(CommandContext context, string name)
    {
        if (context.Document("lsid"u8) is not { } lsid || !context.View.TryGet("txnNumber"u8, out var given))
        {
            throw CommandFault.InvalidOptions("'autocommit' field requires a transaction number to also be specified");
        }

        var number = given.ToInt64();
        var session = context.Engine.Sessions.Of(Sessions.Identify(lsid, context.UserDigest));
        var transaction = context.Flag("startTransaction"u8)
            ? Begin(context, session, number)
            : Known(session, number, name);
        if (!Allowed.Contains(name))
        {
            TransactionLog.Abort(context.Engine, transaction);
            throw new CommandFault(
                263,
                "OperationNotSupportedInTransaction",
                $"Cannot run '{name}' in a multi-document transaction."
            );
        }

        return transaction;
    }

    public static BsonDocument Commit(CommandContext context)
    {
        var transaction = Of(context);
        switch (transaction.State)
        {
            case TransactionState.InProgress:
                TransactionLog.Commit(context.Engine, transaction);
                break;
            case TransactionState.Prepared:
                TransactionLog.CommitPrepared(
                    context.Engine,
                    transaction,
                    context.View.TryGet("commitTimestamp"u8, out var at)
                        ? at.AsTimestamp
                        : throw CommandFault.InvalidOptions(
                            "commitTransaction on a prepared transaction requires a 'commitTimestamp'"
                        )
                );
                break;
        }

        return context.Reply(static _ => { });
    }

    public static BsonDocument Abort(CommandContext context)
    {
        TransactionLog.Abort(context.Engine, Of(context));
        return context.Reply(static _ => { });
    }

    /// <summary>What a coordinator asks of a shard.</summary>
    public static BsonDocument Prepare(CommandContext context)
    {
        var transaction = Of(context);
        var at =
            transaction.State == TransactionState.Prepared
                ? transaction.Last!.Value
                : TransactionLog.Prepare(context.Engine, transaction);
        return context.Reply(w => w.Timestamp("prepareTimestamp"u8, at.Timestamp));
    }

    private static OpenTransaction Of(CommandContext context) =>
        context.Transaction
        ?? throw CommandFault.InvalidOptions($"{context.View.First.NameText} must be run within a transaction");

    private static OpenTransaction Begin(CommandContext context, LogicalSession session, long number)
    {
        if (number == session.Number)
        {
            throw new CommandFault(
                117,
                "ConflictingOperationInProgress",
                "Only servers in a sharded cluster can start a new transaction at the active transaction number"
            );
        }

        session.Begin(context.Engine, number);
        return session.Transaction = new OpenTransaction(
            context.Engine,
            session.Lsid,
            number,
            context.Member.Time.GetUtcNow()
        )
        {
            ReadAt =
                context.Document("readConcern"u8) is { } concern && concern.View.TryGet("atClusterTime"u8, out var time)
                    ? time.AsTimestamp
                    : null,
        };
    }

    private static OpenTransaction Known(LogicalSession session, long number, string name)
    {
        session.CheckNotOlder(number);
        if (number != session.Number || session.Transaction is not { } transaction)
        {
            throw CommandFault.NoSuchTransaction(
                $"Given transaction number {number} does not match any in-progress transactions. The active transaction number is {session.Number}"
            );
        }

        return transaction.State switch
        {
            TransactionState.Aborted => throw CommandFault.NoSuchTransaction($"Transaction {number} has been aborted."),
            TransactionState.Committed when name != "commitTransaction" => throw new CommandFault(
                256,
                "TransactionCommitted",
                $"Transaction {number} has been committed."
            ),
            TransactionState.Prepared when !Ends.Contains(name) => throw new CommandFault(
                267,
                "PreparedTransactionInProgress",
                "Cannot call any operation other than abort, prepare or commit on a prepared transaction"
            ),
            _ => transaction,
        };
    }
}

using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.Sandbox.Storage;

namespace Backup.Sandbox.Transactions;

/// <summary>
/// Ends and prepares transactions: the entries that a server writes for it, the state in <c>config.transactions</c>, and then the documents.
/// Under the engine's lock.
/// </summary>
internal static class TransactionLog
{
    public static void Commit(Engine engine, OpenTransaction transaction)
    {
        if (transaction.Count > 0)
        {
            transaction.CheckApplicable();
            WriteChain(engine, transaction, prepare: false);
            transaction.Apply();
            engine.Remember(Decided(transaction, isCommitted: true));
            engine.Amend();
            Note(engine, transaction, "committed");
        }

        End(engine, transaction, TransactionState.Committed);
    }

    /// <returns>The prepare timestamp.</returns>
    public static Optime Prepare(Engine engine, OpenTransaction transaction)
    {
        transaction.CheckApplicable();
        WriteChain(engine, transaction, prepare: true);
        transaction.State = TransactionState.Prepared;
        engine.Remember(transaction.Prepare());
        Note(engine, transaction, "prepared");
        return transaction.Last!.Value;
    }

    /// <param name="at">When it is committed on all shards: not before its prepare timestamp.</param>
    public static void CommitPrepared(Engine engine, OpenTransaction transaction, ulong at)
    {
        if (at < transaction.Last!.Value.Timestamp)
        {
            throw CommandFault.InvalidOptions(
                "'commitTimestamp' must be greater than or equal to the 'prepareTimestamp'"
            );
        }

        engine.AdvanceTo(at);
        Decide(
            engine,
            transaction,
            BsonDocument.Build(w => w.Int32("commitTransaction"u8, 1).Timestamp("commitTimestamp"u8, at))
        );
        transaction.Apply();
        engine.Remember(Decided(transaction, isCommitted: true));
        Note(engine, transaction, "committed", at);
        End(engine, transaction, TransactionState.Committed);
    }

    /// <summary>Of one that is not prepared the oplog says nothing.</summary>
    public static void Abort(Engine engine, OpenTransaction transaction)
    {
        if (transaction.State == TransactionState.Prepared)
        {
            Decide(engine, transaction, BsonDocument.Build(static w => w.Int32("abortTransaction"u8, 1)));
            engine.Remember(Decided(transaction, isCommitted: false));
            Note(engine, transaction, "aborted");
        }

        End(engine, transaction, TransactionState.Aborted);
    }

    private static void End(Engine engine, OpenTransaction transaction, TransactionState state)
    {
        transaction.State = state;
        engine.Transactions.Release(transaction);
    }

    private static TransactionDecided Decided(OpenTransaction transaction, bool isCommitted) =>
        new(transaction.Lsid, transaction.Number, transaction.Started, isCommitted, transaction.PreparedAs);

    /// <param name="holdsFrom">Of a prepared transaction's commit: since when it counts.</param>
    private static void Note(Engine engine, OpenTransaction transaction, string state, ulong? holdsFrom = null) =>
        engine.Sessions.Write(
            transaction.Lsid,
            transaction.Number,
            transaction.Last!.Value,
            engine.Options.SingleTransactionEntry ? null : state,
            transaction.State == TransactionState.Prepared ? transaction.First : null,
            holdsFrom
        );

    private static void Decide(Engine engine, OpenTransaction transaction, BsonDocument o) =>
        Append(engine, transaction, o);

    private static void Append(Engine engine, OpenTransaction transaction, BsonDocument o)
    {
        var origin = new WriteOrigin(transaction.Lsid, transaction.Number, null, transaction.Last);
        var optime = engine.Log(new OplogEntry("c", "admin.$cmd", null, o) { Origin = origin });
        transaction.First ??= optime;
        transaction.Last = optime;
    }

    /// <summary>As many entries as it takes: each but the last says that it is partial, the last of several how many operations there are.</summary>
    private static void WriteChain(Engine engine, OpenTransaction transaction, bool prepare)
    {
        var operations = transaction.Operations.Select(Inner).ToList();
        var limit = engine.Options.TransactionEntryBytes;
        if (engine.Options.SingleTransactionEntry && operations.Sum(static one => (long)one.Length) > limit)
        {
            throw new CommandFault(
                257,
                "TransactionTooLarge",
                $"Total size of all transaction operations must be less than {limit}."
            );
        }

        var next = 0;
        do
        {
            var first = next;
            for (long bytes = 0; next < operations.Count; next++)
            {
                bytes += operations[next].Length;
                if (bytes > limit && next > first)
                {
                    break;
                }
            }

            var isLast = next == operations.Count;
            var count = first > 0 && isLast ? operations.Count : 0;
            Append(engine, transaction, Link(operations.GetRange(first, next - first), isLast, prepare, count));
        } while (next < operations.Count);
    }

    private static BsonDocument Link(List<BsonDocument> operations, bool isLast, bool prepare, long count)
    {
        using var w = new BsonWriter(operations.Sum(static one => one.Length + 16) + 128);
        Span<byte> scratch = stackalloc byte[11];
        w.BeginDocument().BeginArray("applyOps"u8);
        foreach (var operation in operations)
        {
            w.Document(w.ArrayItemName(scratch), operation);
        }

        w.EndArray();
        if (isLast && prepare)
        {
            w.Boolean("prepare"u8, true);
        }

        if (!isLast)
        {
            w.Boolean("partialTxn"u8, true);
        }

        if (count > 0)
        {
            w.Int64("count"u8, count);
        }

        w.EndDocument();
        return w.ToDocument();
    }

    private static BsonDocument Inner(OplogEntry operation)
    {
        using var w = new BsonWriter(operation.O.Length + 128);
        w.BeginDocument();
        operation.WriteInner(w);
        w.EndDocument();
        return w.ToDocument();
    }
}

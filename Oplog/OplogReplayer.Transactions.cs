using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.Oplog.Transactions;

namespace Backup.Oplog;

/// <content>Transactions: collected until they are decided.</content>
public sealed partial class OplogReplayer
{
    /// <summary>Prepared transactions that entries after a cut decided without applying them.</summary>
    private readonly HashSet<TransactionKey> _decisions = [];

    /// <summary>When what is being applied belongs to the data, where that is not the time of its entry.</summary>
    private Optime? _committedAt;

    /// <summary>
    /// Completes the state at <paramref name="cut"/> after every entry up to it has been applied and while
    /// <see cref="PreparedTransactions"/> is not empty: show it the entries after the cut, in order, until it answers true. Of these only the
    /// decisions on transactions prepared by then count: committed with a <c>commitTimestamp</c> up to the cut, they belong to it and are
    /// applied now; nothing else is. <see cref="Position"/> stays, and replay may go on from the cut as if nothing had happened.
    /// </summary>
    /// <returns>Whether all transactions prepared up to the cut are decided.</returns>
    public bool DecideAfter(Optime cut, ReadOnlyMemory<byte> entry)
    {
        var read = OplogEntry.Read(new BsonView(entry.Span));
        if (read.Optime > cut && read.Operation is [(byte)'c'] && read.TransactionNumber is { } number)
        {
            var command = read.Object.First;
            var key = new TransactionKey(new BsonView(read.Session).ToDocument(), number);
            if (_transactions.Find(key) is { Prepared: not null, IsAppliedAhead: false } transaction)
            {
                if (
                    command.NameIs("commitTransaction"u8)
                    && read.Object["commitTimestamp"u8].AsTimestamp <= cut.Timestamp
                )
                {
                    ApplyTransaction(transaction, default, read.Optime);
                    transaction.IsAppliedAhead = true;
                }
                else if (command.NameIs("commitTransaction"u8) || command.NameIs("abortTransaction"u8))
                {
                    _decisions.Add(key);
                }
            }
        }

        return _transactions.All.All(t =>
            t.Value.Prepared is null || t.Value.IsAppliedAhead || _decisions.Contains(t.Key)
        );
    }

    /// <returns>False where the entry has nothing to do with transactions.</returns>
    private bool ApplyTransactionCommand(OplogEntry entry, BsonElement command, bool isRebuilding)
    {
        if (!entry.IsTransaction)
        {
            return false;
        }

        if (command.NameIs("applyOps"u8))
        {
            AddLink(entry, command.AsDocument, isRebuilding);
            return true;
        }

        var isCommit = command.NameIs("commitTransaction"u8);
        if (!isCommit && !command.NameIs("abortTransaction"u8))
        {
            return false;
        }

        var key = KeyOf(entry);
        var transaction = _transactions.Find(key);
        if (isCommit && !isRebuilding && transaction is not { IsAppliedAhead: true })
        {
            if (transaction is null || transaction.IsHeadMissing || transaction.Prepared is null)
            {
                throw OplogErrors.Incomplete(entry.Optime, "it commits a transaction whose operations were not seen");
            }

            _committedAt = Optime.FromTimestamp(entry.Object["commitTimestamp"u8].AsTimestamp, entry.Optime.Term);
            try
            {
                ApplyTransaction(transaction, default, entry.Optime);
            }
            finally
            {
                _committedAt = null;
            }
        }

        _transactions.Remove(key);
        return true;
    }

    /// <summary>
    /// 4.0: the entry is the whole transaction. 4.2 and later: a link; <c>partialTxn</c> says that more follow, <c>prepare</c> that the decision
    /// comes in an entry of its own, neither that the transaction is committed by it.
    /// </summary>
    private void AddLink(OplogEntry entry, BsonView operations, bool isRebuilding)
    {
        var isPartial = entry.Object.TryGet("partialTxn"u8, out var partial) && partial.ToBoolean();
        var isPrepare = entry.Object.TryGet("prepare"u8, out var prepare) && prepare.ToBoolean();
        var isFirst = entry.Previous is not { IsZero: false };
        if (isFirst && !isPartial && !isPrepare)
        {
            if (!isRebuilding)
            {
                CheckAll(operations, entry.Optime, [], 0);
                ApplyAll(operations, entry.Optime);
            }

            return;
        }

        var key = KeyOf(entry);
        var transaction = isFirst ? null : _transactions.Find(key);
        if (transaction is null)
        {
            if (!isFirst && !isRebuilding)
            {
                throw OplogErrors.Incomplete(entry.Optime, "it continues a transaction whose beginning was not seen");
            }

            transaction = _transactions.Open(key, entry.Optime, isHeadMissing: !isFirst);
        }

        if (isPartial || isPrepare)
        {
            _transactions.Add(transaction, operations.Bytes);
            if (isPrepare)
            {
                transaction.Prepared = entry.Optime;
                transaction.IsAppliedAhead = WasAppliedAhead(key, entry.Optime);
            }

            return;
        }

        if (!isRebuilding)
        {
            if (transaction.IsHeadMissing)
            {
                throw OplogErrors.Incomplete(entry.Optime, "it commits a transaction whose beginning was not seen");
            }

            ApplyTransaction(transaction, operations, entry.Optime);
        }

        _transactions.Remove(key);
    }

    /// <param name="transaction">Its collected links.</param>
    /// <param name="last">The operations of the link that commits it; empty for a prepared one.</param>
    /// <param name="at">The entry that decides.</param>
    private void ApplyTransaction(OpenTransaction transaction, BsonView last, Optime at)
    {
        var created = new HashSet<Guid>();
        foreach (var link in transaction.Links())
        {
            CheckAll(new BsonView(link.Span), at, created, 0);
        }

        CheckAll(last, at, created, 0);
        foreach (var link in transaction.Links())
        {
            ApplyAll(new BsonView(link.Span), at);
        }

        ApplyAll(last, at);
    }

    private void ApplyAll(BsonView operations, Optime at)
    {
        foreach (var operation in operations)
        {
            ApplyOperation(OplogEntry.ReadInner(operation.AsDocument, at));
        }
    }

    private bool WasAppliedAhead(TransactionKey key, Optime prepared) =>
        _options.AppliedAhead.Any(one =>
            one.Prepared.Timestamp == prepared.Timestamp
            && one.TransactionNumber == key.Number
            && one.Session.Equals(key.Session)
        );

    private static TransactionKey KeyOf(OplogEntry entry) =>
        new(new BsonView(entry.Session).ToDocument(), entry.TransactionNumber!.Value);
}

using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.Sandbox.Storage;

namespace Backup.Sandbox.Transactions;

/// <summary>A statement of a retryable write was done: whoever is primary next must not do it again.</summary>
internal sealed record StatementDone(
    BsonDocument Lsid,
    long Number,
    int Statement,
    StatementResult Result,
    Optime? Before,
    Optime At
) : Change
{
    public override void Apply(Engine engine)
    {
        var session = engine.Sessions.Of(Lsid);
        session.Adopt(Number);
        session.Statements[Statement] = Result;
        session.Last = At;
    }

    public override void Undo(Engine engine)
    {
        var session = engine.Sessions.Of(Lsid);
        if (session.Number == Number)
        {
            session.Statements.Remove(Statement);
            session.Last = Before;
        }
    }
}

/// <summary>A transaction is prepared: it outlives its primary.</summary>
internal sealed record TransactionPrepared(
    BsonDocument Lsid,
    long Number,
    DateTimeOffset Started,
    IReadOnlyList<TransactionOperation> Operations,
    Optime First,
    Optime Last
) : Change
{
    public override void Apply(Engine engine)
    {
        var session = engine.Sessions.Of(Lsid);
        session.Adopt(Number);
        session.Transaction = OpenTransaction.Prepared(engine, this);
    }

    public override void Undo(Engine engine)
    {
        if (engine.Sessions.Of(Lsid).Transaction is { } transaction && transaction.Number == Number)
        {
            transaction.State = TransactionState.Aborted;
            engine.Transactions.Release(transaction);
        }
    }
}

/// <summary>A transaction has ended.</summary>
/// <param name="Prepared">How it was before, where it was prepared.</param>
internal sealed record TransactionDecided(
    BsonDocument Lsid,
    long Number,
    DateTimeOffset Started,
    bool IsCommitted,
    TransactionPrepared? Prepared
) : Change
{
    public override void Apply(Engine engine)
    {
        var session = engine.Sessions.Of(Lsid);
        session.Adopt(Number);
        var transaction = session.Transaction ??= new OpenTransaction(engine, Lsid, Number, Started);
        transaction.State = IsCommitted ? TransactionState.Committed : TransactionState.Aborted;
        engine.Transactions.Release(transaction);
    }

    public override void Undo(Engine engine)
    {
        if (Prepared is not null)
        {
            Prepared.Apply(engine);
        }
        else if (engine.Sessions.Of(Lsid).Transaction is { } transaction && transaction.Number == Number)
        {
            transaction.State = TransactionState.Aborted;
        }
    }
}

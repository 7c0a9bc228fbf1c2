using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.Sandbox.Storage;

namespace Backup.Sandbox.Transactions;

/// <summary>What a statement of a retryable write has done, to be answered again when the client sends it again.</summary>
/// <param name="Count">Documents matched, inserted or removed.</param>
/// <param name="Modified">Of an update.</param>
/// <param name="UpsertedId">Wrapped.</param>
internal sealed record StatementResult(int Count, int Modified = 0, BsonDocument? UpsertedId = null)
{
    /// <summary>Of findAndModify: the whole answer.</summary>
    public BsonDocument? Reply { get; init; }
}

/// <summary>A client's session: its newest number, and what was done under it. Under the engine's lock.</summary>
/// <param name="lsid"><c>{id, uid}</c></param>
internal sealed class LogicalSession(BsonDocument lsid)
{
    public BsonDocument Lsid => lsid;

    /// <summary>The newest <c>txnNumber</c>; -1 before the first.</summary>
    public long Number { get; private set; } = -1;

    /// <summary>The last entry under this number.</summary>
    public Optime? Last { get; set; }

    public Dictionary<int, StatementResult> Statements { get; } = [];

    /// <summary>Open, or how the last one ended, where <see cref="Number"/> is that of a transaction.</summary>
    public OpenTransaction? Transaction { get; set; }

    /// <summary>A newer number ends what was open under the one before.</summary>
    /// <exception cref="CommandFault">225 for an older number.</exception>
    /// <exception cref="HeldByTransactionException">A prepared transaction has to be decided first.</exception>
    public void Begin(Engine engine, long number)
    {
        CheckNotOlder(number);
        if (number == Number)
        {
            return;
        }

        if (Transaction is { State: TransactionState.Prepared })
        {
            throw new HeldByTransactionException();
        }

        if (Transaction is { State: TransactionState.InProgress } open)
        {
            TransactionLog.Abort(engine, open);
        }

        Number = number;
        Last = null;
        Transaction = null;
        Statements.Clear();
    }

    /// <summary>What another member has logged under this number follows.</summary>
    public void Adopt(long number)
    {
        if (number != Number)
        {
            Number = number;
            Last = null;
            Transaction = null;
            Statements.Clear();
        }
    }

    /// <summary>Notes that a statement was done under the current number.</summary>
    public void Did(Engine engine, int statement, StatementResult result, Optime? before)
    {
        Statements.Add(statement, result);
        engine.Remember(new StatementDone(Lsid, Number, statement, result, before, Last!.Value));
        engine.Amend();
    }

    /// <exception cref="CommandFault">225</exception>
    public void CheckNotOlder(long number)
    {
        if (number < Number)
        {
            throw new CommandFault(
                225,
                "TransactionTooOld",
                $"Cannot start transaction {number} on this session because a newer transaction {Number} has already started."
            );
        }
    }
}

/// <summary>All sessions that have written, and <c>config.transactions</c>, which a server keeps without logging it.</summary>
internal sealed class SessionTable(Engine engine)
{
    private readonly Dictionary<BsonDocument, LogicalSession> _sessions = [];

    public LogicalSession Of(BsonDocument lsid)
    {
        if (!_sessions.TryGetValue(lsid, out var session))
        {
            _sessions.Add(lsid, session = new LogicalSession(lsid));
        }

        return session;
    }

    /// <summary>Takes over the sessions of another member, but for transactions that only it has open.</summary>
    public void CopyFrom(SessionTable other)
    {
        foreach (var known in other._sessions.Values)
        {
            var session = Of(known.Lsid);
            session.Adopt(known.Number);
            session.Last = known.Last;
            foreach (var (statement, result) in known.Statements)
            {
                session.Statements.Add(statement, result);
            }

            if (known.Transaction is { State: TransactionState.Prepared, PreparedAs: { } prepared })
            {
                prepared.Apply(engine);
            }
            else if (known.Transaction is { State: TransactionState.Committed or TransactionState.Aborted } ended)
            {
                session.Transaction = new OpenTransaction(engine, ended.Lsid, ended.Number, ended.Started)
                {
                    State = ended.State,
                };
            }
        }
    }

    /// <summary>A primary that steps down gives up what it has not prepared.</summary>
    public void AbortInProgress()
    {
        foreach (var session in _sessions.Values)
        {
            if (session.Transaction is { State: TransactionState.InProgress } open)
            {
                TransactionLog.Abort(engine, open);
            }
        }
    }

    /// <summary>Writes a session's document: where its last write stands, and how its transaction is.</summary>
    /// <param name="state">Of a transaction; null for a retryable write.</param>
    /// <param name="start">The first entry of a transaction that is not decided.</param>
    /// <param name="holdsFrom">Since when that and what was noted with it counts; null: since the newest entry.</param>
    public void Write(
        BsonDocument lsid,
        long number,
        Optime last,
        string? state = null,
        Optime? start = null,
        ulong? holdsFrom = null
    )
    {
        var document = BsonDocument.Build(w =>
        {
            w.Document("_id"u8, lsid).Int64("txnNum"u8, number);
            if (start is { } first)
            {
                Optime(w, "startOpTime"u8, first);
            }

            Optime(w, "lastWriteOpTime"u8, last);
            w.DateTime("lastWriteDate"u8, engine.NowMilliseconds);
            if (state is not null)
            {
                w.String("state"u8, state);
            }
        });
        var table = engine.Find("config.transactions");
        if (table is null)
        {
            engine.Add(table = new SandboxCollection(engine.Uuids(), "config", "transactions", BsonDocument.Empty));
        }

        var old = table.Find(new Record(document, 0));
        var written = old is null ? table.Insert(document) : table.Replace(old, document);
        engine.Remember(new RecordChange(table.Uuid, old, written));
        engine.Amend(holdsFrom);
    }

    private static void Optime(BsonWriter w, ReadOnlySpan<byte> name, Optime optime) =>
        w.BeginDocument(name).Timestamp("ts"u8, optime.Timestamp).Int64("t"u8, optime.Term).EndDocument();
}

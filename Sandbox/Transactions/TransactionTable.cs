using Backup.Sandbox.Storage;

namespace Backup.Sandbox.Transactions;

/// <summary>A write has to wait: a transaction holds what it wants to change. Nothing was changed.</summary>
internal sealed class HeldByTransactionException() : Exception("A transaction holds what is to be changed.");

/// <summary>Which documents open transactions hold. Under the engine's lock, but for the waiting.</summary>
/// <param name="lifetime">What a server allows a transaction that is not prepared.</param>
internal sealed class TransactionTable(TimeProvider time, TimeSpan lifetime)
{
    private readonly Dictionary<Guid, SortedDictionary<Record, OpenTransaction>> _held = [];
    private TaskCompletionSource _ended = NewSource();

    /// <summary>Completes when the next transaction ends.</summary>
    public Task Ended => _ended.Task;

    public OpenTransaction? OwnerOf(Guid collection, Record record) =>
        _held.TryGetValue(collection, out var records) ? records.GetValueOrDefault(record) : null;

    public void Take(Guid collection, Record record, OpenTransaction owner)
    {
        if (!_held.TryGetValue(collection, out var records))
        {
            _held.Add(collection, records = new SortedDictionary<Record, OpenTransaction>(Record.ById));
        }

        records.Add(record, owner);
    }

    /// <summary>Whether no open transaction has written to a collection.</summary>
    public bool IsFree(Guid collection) => !_held.ContainsKey(collection);

    /// <summary>Before a collection is changed as a whole.</summary>
    /// <exception cref="HeldByTransactionException">An open transaction has written to it.</exception>
    public void CheckFree(SandboxCollection collection)
    {
        if (_held.ContainsKey(collection.Uuid))
        {
            throw new HeldByTransactionException();
        }
    }

    /// <exception cref="HeldByTransactionException">An open transaction holds the document.</exception>
    public void CheckFree(SandboxCollection collection, Record record)
    {
        if (OwnerOf(collection.Uuid, record) is not null)
        {
            throw new HeldByTransactionException();
        }
    }

    /// <summary>Before a collection is read as of a time: who was prepared by then may yet be committed as of it.</summary>
    /// <exception cref="HeldByTransactionException">A prepared transaction has written to it.</exception>
    public void CheckDecided(Guid collection, ulong time)
    {
        if (
            _held.TryGetValue(collection, out var records)
            && records.Values.Any(owner =>
                owner.State == TransactionState.Prepared && owner.Last!.Value.Timestamp <= time
            )
        )
        {
            throw new HeldByTransactionException();
        }
    }

    public void Release(OpenTransaction transaction)
    {
        foreach (var (collection, records) in _held.ToList())
        {
            foreach (var (record, _) in records.Where(pair => pair.Value == transaction).ToList())
            {
                records.Remove(record);
            }

            if (records.Count == 0)
            {
                _held.Remove(collection);
            }
        }

        transaction.Forget();
        var ended = _ended;
        _ended = NewSource();
        ended.SetResult();
    }

    /// <summary>The holders that have lived too long to be waited for.</summary>
    public List<OpenTransaction> Expired() =>
        [
            .. _held
                .Values.SelectMany(static records => records.Values)
                .Distinct()
                .Where(transaction =>
                    transaction.State == TransactionState.InProgress
                    && time.GetUtcNow() - transaction.Started > lifetime
                ),
        ];

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

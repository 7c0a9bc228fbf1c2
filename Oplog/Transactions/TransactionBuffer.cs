using Backup.Foundation;

namespace Backup.Oplog.Transactions;

/// <summary>
/// The transactions whose entries were read but whose end was not: by session and number, within a bound of memory, the largest
/// spilled to disk first. What a crash left in the spill folder is removed at the start: the slices hold it.
/// </summary>
internal sealed class TransactionBuffer : IDisposable
{
    private const string SpillSuffix = ".txn";
    private readonly Dictionary<TransactionKey, OpenTransaction> _open = [];
    private readonly long _memoryBound;
    private readonly string? _folder;
    private long _memory;
    private int _spilled;

    internal TransactionBuffer(long memoryBound, string? folder)
    {
        _memoryBound = memoryBound;
        _folder = folder;
        if (folder is null)
        {
            return;
        }

        Directory.CreateDirectory(folder);
        foreach (var leftover in Directory.EnumerateFiles(folder, "*" + SpillSuffix))
        {
            File.Delete(leftover);
        }
    }

    internal int Count => _open.Count;

    internal Optime? OldestStart => _open.Count == 0 ? null : _open.Values.Min(t => t.Start);

    internal OpenTransaction? Find(TransactionKey key) => _open.GetValueOrDefault(key);

    internal IReadOnlyList<PreparedTransaction> Prepared => PreparedOnes(areApplied: false);

    internal IReadOnlyList<PreparedTransaction> AppliedAhead => PreparedOnes(areApplied: true);

    private List<PreparedTransaction> PreparedOnes(bool areApplied) =>
        [
            .. _open
                .Where(t => t.Value.Prepared is not null && t.Value.IsAppliedAhead == areApplied)
                .OrderBy(t => t.Value.Start)
                .Select(t => new PreparedTransaction(
                    t.Value.Start,
                    t.Value.Prepared!.Value,
                    t.Key.Number,
                    t.Key.Session
                )),
        ];

    internal IEnumerable<KeyValuePair<TransactionKey, OpenTransaction>> All => _open;

    /// <summary>Opens a transaction; an older one of that key was cut short by a failover and is dropped.</summary>
    internal OpenTransaction Open(TransactionKey key, Optime start, bool isHeadMissing)
    {
        Remove(key);
        return _open[key] = new OpenTransaction(start) { IsHeadMissing = isHeadMissing };
    }

    internal void Add(OpenTransaction transaction, ReadOnlySpan<byte> operations)
    {
        var before = transaction.MemoryBytes;
        transaction.Add(operations);
        _memory += transaction.MemoryBytes - before;
        while (_folder is not null && _memory > _memoryBound)
        {
            var largest = _open.Values.MaxBy(t => t.MemoryBytes)!;
            _memory -= largest.MemoryBytes;
            largest.Spill(Path.Combine(_folder, $"{_spilled++}{SpillSuffix}"));
        }
    }

    internal void Remove(TransactionKey key)
    {
        if (_open.Remove(key, out var transaction))
        {
            _memory -= transaction.MemoryBytes;
            transaction.Dispose();
        }
    }

    public void Dispose()
    {
        foreach (var transaction in _open.Values)
        {
            transaction.Dispose();
        }

        _open.Clear();
    }
}

using Backup.MongoQuery.Sorting;
using Backup.MongoQuery.Spilling;
using Backup.MongoWire.Bson;

namespace Backup.MongoQuery.Stages;

/// <summary>Sorts, in memory; with a limit only the first are held. What does not fit goes through temporary files where that is allowed.</summary>
/// <param name="order">By what.</param>
/// <param name="limit">How many are wanted; null: all.</param>
/// <param name="use">A sort of what.</param>
/// <param name="limits">What it may hold.</param>
internal sealed class SortStage(SortOrder order, long? limit, MemoryUse use, QueryLimits limits) : Stage
{
    private readonly List<(Value[] Key, BsonDocument Document)> _all = [];
    private readonly MemoryBudget _memory = new(use, limits);
    private ExternalSorter<Value[]>? _spilled;

    internal SortOrder Order => order;

    internal long? Limit => limit;

    /// <summary>The same, of which no more than the first are wanted.</summary>
    internal SortStage First(long count) => new(order, count, use, limits);

    public override IEnumerable<BsonDocument> Take(BsonDocument document)
    {
        if (_spilled is { } spilled)
        {
            spilled.Add(document);
            return [];
        }

        var entry = (Key: order.KeyOf(document), document);
        // Twice the wanted are collected before the worse half is dropped: cheaper than a heap, and as bounded.
        if (limit is { } most && _all.Count >= 2 * most)
        {
            Cut((int)most);
        }

        _all.Add(entry);
        if (!_memory.FitsOrSpills(SizeOf(entry)))
        {
            Spill();
        }

        return [];
    }

    public override IEnumerable<BsonDocument> End()
    {
        if (_spilled is { } spilled)
        {
            return spilled.Sorted().Take(limit is { } few ? (int)Math.Min(few, int.MaxValue) : int.MaxValue);
        }

        Sort();
        return _all.Take(limit is { } most ? (int)Math.Min(most, _all.Count) : _all.Count)
            .Select(static entry => entry.Document);
    }

    public override void Dispose() => _spilled?.Dispose();

    private void Spill()
    {
        _spilled = new ExternalSorter<Value[]>(order.KeyOf, order.Compare, limits);
        foreach (var (_, document) in _all)
        {
            _spilled.Add(document);
        }

        _all.Clear();
    }

    private void Cut(int count)
    {
        Sort();
        for (var i = count; i < _all.Count; i++)
        {
            _memory.Remove(SizeOf(_all[i]));
        }

        _all.RemoveRange(count, _all.Count - count);
    }

    /// <summary>Those of one key stay in the order they came in.</summary>
    private void Sort()
    {
        var sorted = _all.Order(Comparer<(Value[] Key, BsonDocument)>.Create((l, r) => order.Compare(l.Key, r.Key)))
            .ToList();
        _all.Clear();
        _all.AddRange(sorted);
    }

    private static long SizeOf((Value[] Key, BsonDocument Document) entry) =>
        entry.Document.Length + entry.Key.Sum(static part => 48L + part.Bytes.Length);
}

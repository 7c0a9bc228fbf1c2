using Backup.MongoWire.Bson;

namespace Backup.MongoQuery.Spilling;

/// <summary>
/// Sorts more documents than memory may hold: sorted runs go to temporary files and are merged. Those of one key stay in the order they came in.
/// Of each level there are at most so many runs, so that merging reads a bounded number of files, and each document is written a few times at most.
/// </summary>
/// <param name="keyOf">What a document is sorted by.</param>
/// <param name="compare">The order of keys.</param>
/// <param name="limits">Memory, and the room on disk.</param>
internal sealed class ExternalSorter<TKey>(Func<BsonDocument, TKey> keyOf, Comparison<TKey> compare, QueryLimits limits)
    : IDisposable
{
    private const int RunsOfLevel = 16;

    /// <summary>Of an entry beside its bytes, its key included: about.</summary>
    private const int Overhead = 256;

    private const int PulseInterval = 1024;

    private readonly List<(TKey Key, BsonDocument Document)> _held = [];
    private readonly List<List<SortedRun>> _levels = [];
    private readonly SpillSpace _space = limits.Spill!;
    private long _bytes;

    /// <exception cref="QueryException">2605, 2606</exception>
    internal void Add(BsonDocument document)
    {
        _held.Add((keyOf(document), document));
        // Keys are copies of parts of the document.
        _bytes += (2 * document.Length) + Overhead;
        if (_bytes > limits.MemoryBytes)
        {
            Spill();
        }
    }

    /// <summary>All that was added, in order; once.</summary>
    /// <exception cref="QueryException">2605</exception>
    internal IEnumerable<BsonDocument> Sorted()
    {
        var held = Held();
        // The higher the level, the earlier its documents came.
        return _levels.Count == 0
            ? held
            : Merge([.. Enumerable.Reverse(_levels).SelectMany(static runs => runs).Select(Read), held]);
    }

    public void Dispose()
    {
        foreach (var run in _levels.SelectMany(static runs => runs))
        {
            run.Dispose();
        }

        _levels.Clear();
        _held.Clear();
    }

    private void Spill()
    {
        Keep(0, SortedRun.Write(_space, Pulsing(Held())));
        _held.Clear();
        _bytes = 0;
        for (var level = 0; level < _levels.Count && _levels[level].Count == RunsOfLevel; level++)
        {
            var runs = _levels[level];
            var merged = SortedRun.Write(_space, Pulsing(Merge([.. runs.Select(Read)])));
            runs.ForEach(static run => run.Dispose());
            runs.Clear();
            Keep(level + 1, merged);
        }
    }

    private void Keep(int level, SortedRun run)
    {
        if (level == _levels.Count)
        {
            _levels.Add([]);
        }

        _levels[level].Add(run);
    }

    private IEnumerable<BsonDocument> Held() =>
        _held
            .Order(Comparer<(TKey Key, BsonDocument Document)>.Create((left, right) => compare(left.Key, right.Key)))
            .Select(static entry => entry.Document);

    /// <summary>Of equal keys those of the earlier source come first.</summary>
    private IEnumerable<BsonDocument> Merge(List<IEnumerable<BsonDocument>> sources)
    {
        var next = new PriorityQueue<IEnumerator<BsonDocument>, (TKey Key, int Source)>(
            Comparer<(TKey Key, int Source)>.Create(
                (left, right) =>
                    compare(left.Key, right.Key) is not 0 and var order ? order : left.Source.CompareTo(right.Source)
            )
        );
        foreach (var (number, source) in sources.Index())
        {
            var documents = source.GetEnumerator();
            if (documents.MoveNext())
            {
                next.Enqueue(documents, (keyOf(documents.Current), number));
            }
        }

        while (next.TryDequeue(out var documents, out var place))
        {
            yield return documents.Current;
            if (documents.MoveNext())
            {
                next.Enqueue(documents, (keyOf(documents.Current), place.Source));
            }
        }
    }

    /// <summary>Whoever waits for it may give up meanwhile.</summary>
    private IEnumerable<BsonDocument> Pulsing(IEnumerable<BsonDocument> documents)
    {
        var count = 0;
        foreach (var document in documents)
        {
            if (count++ % PulseInterval == 0)
            {
                limits.Pulse?.Invoke();
            }

            yield return document;
        }
    }

    private static IEnumerable<BsonDocument> Read(SortedRun run)
    {
        while (run.Next() is { } document)
        {
            yield return document;
        }
    }
}

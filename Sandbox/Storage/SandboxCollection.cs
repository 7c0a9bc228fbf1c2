using Backup.MongoWire.Bson;

namespace Backup.Sandbox.Storage;

/// <summary>
/// One collection: documents in <c>_id</c> order, and in order of insertion where it is capped. Everything is done
/// under the engine's lock.
/// </summary>
internal sealed class SandboxCollection(Guid uuid, string database, string name, BsonDocument options)
{
    private readonly SortedDictionary<long, Record>? _natural = IsCappedBy(options) ? new() : null;
    private SortedSet<Record> _byId = new(Record.ById);
    private long _bytes;
    private long _next = 1;

    public Guid Uuid { get; } = uuid;

    public string Database { get; set; } = database;

    public string Name { get; set; } = name;

    public string Namespace => $"{Database}.{Name}";

    /// <summary>As listCollections gives them.</summary>
    public BsonDocument Options { get; set; } = options;

    public bool IsCapped => _natural is not null;

    public bool IsClustered => Options.View.Has("clusteredIndex"u8);

    public List<BsonDocument> Indexes { get; } = [];

    public SyntheticCollection? Synthetic { get; init; }

    /// <summary>Of a capped collection: how many bytes of documents it holds at most.</summary>
    public long CappedBytes => Options.View.TryGet("size"u8, out var size) ? size.ToInt64() : long.MaxValue;

    /// <summary>The same documents in a collection of its own, to be changed for itself alone.</summary>
    public SandboxCollection Copy()
    {
        var copy = new SandboxCollection(Uuid, Database, Name, Options)
        {
            Synthetic = Synthetic,
            _byId = new SortedSet<Record>(_byId, Record.ById),
            _next = _next,
            _bytes = _bytes,
        };
        copy.Indexes.AddRange(Indexes);
        foreach (var (position, record) in _natural ?? [])
        {
            copy._natural!.Add(position, record);
        }

        return copy;
    }

    public long Count => Synthetic?.Count ?? _byId.Count;

    public long Bytes => Synthetic?.EstimatedBytes ?? _bytes;

    /// <summary>The position that the next insert will have.</summary>
    public long NextPosition => _next;

    public Record? Find(Record probe)
    {
        if (Synthetic is not { } made)
        {
            return _byId.TryGetValue(probe, out var record) ? record : null;
        }

        var id = probe.IdDocument().View.First;
        return id.IsNumber && id.ToInt64() is var ordinal && ordinal >= 0 && ordinal < made.Count
            ? new Record(made.Generate(ordinal), ordinal + 1)
            : null;
    }

    public Record Insert(BsonDocument document)
    {
        CheckWritable();
        var record = new Record(document, _next);
        if (!_byId.Add(record))
        {
            throw CommandFault.DuplicateKey(
                Namespace,
                "_id_",
                BsonDocument.Build(static w => w.Int32("_id"u8, 1)),
                record.IdDocument()
            );
        }

        _next++;
        _natural?.Add(record.Position, record);
        _bytes += document.Length;
        return record;
    }

    public Record Replace(Record old, BsonDocument document)
    {
        CheckWritable();
        var record = new Record(document, old.Position);
        Put(old, record);
        return record;
    }

    public void Delete(Record record)
    {
        CheckWritable();
        Put(record, null);
    }

    /// <summary>Puts a record where another was; what the other members do with what the primary has checked, and how it is undone.</summary>
    /// <param name="old">Null: there was none.</param>
    /// <param name="record">Null: there is none any more.</param>
    public void Put(Record? old, Record? record)
    {
        if (old is not null)
        {
            _byId.Remove(old);
            _natural?.Remove(old.Position);
            _bytes -= old.Document.Length;
        }

        if (record is not null)
        {
            _byId.Add(record);
            _natural?.Add(record.Position, record);
            _bytes += record.Document.Length;
            _next = Math.Max(_next, record.Position + 1);
        }
        else if (IsCapped && old!.Position == _next - 1)
        {
            // An insert that is undone: a gap would look to a reader like documents that were overwritten.
            _next = old.Position;
        }
    }

    /// <summary>In <c>_id</c> order from a record on; synthetic collections are made up on the way.</summary>
    /// <param name="from">Where to start; <see cref="Record.Lowest"/> for the beginning.</param>
    /// <param name="skipEqual">Whether a record equal to <paramref name="from"/> is left out.</param>
    public IEnumerable<Record> From(Record from, bool skipEqual)
    {
        if (Synthetic is { } made)
        {
            foreach (var record in FromOrdinal(made, from, skipEqual))
            {
                yield return record;
            }

            yield break;
        }

        foreach (var record in _byId.GetViewBetween(from, Record.Highest))
        {
            if (!skipEqual || Record.ById.Compare(record, from) != 0)
            {
                yield return record;
            }
        }
    }

    /// <summary>The natural order of a collection that is not capped.</summary>
    public IEnumerable<Record> ByInsertion() => _byId.OrderBy(static record => record.Position);

    public IEnumerable<Record> Backwards() => _byId.Reverse();

    /// <summary>In order of insertion, after a position. Only for capped collections.</summary>
    public IEnumerable<Record> After(long position) =>
        _natural!.SkipWhile(entry => entry.Key <= position).Select(static entry => entry.Value);

    /// <summary>The oldest documents beyond the cap, which the caller deletes.</summary>
    public IEnumerable<Record> Overflow()
    {
        if (_natural is null)
        {
            return [];
        }

        var size = CappedBytes;
        var max = Options.View.TryGet("max"u8, out var m) && m.ToInt64() > 0 ? m.ToInt64() : long.MaxValue;
        var goes = new List<Record>();
        var (bytes, count) = (Bytes, (long)_natural.Count);
        foreach (var record in _natural.Values)
        {
            if (bytes <= size && count <= max)
            {
                break;
            }

            goes.Add(record);
            bytes -= record.Document.Length;
            count--;
        }

        return goes;
    }

    public long FirstPosition => _natural is { Count: > 0 } natural ? natural.First().Key : _next;

    internal static bool IsCappedBy(BsonDocument options) =>
        options.View.TryGet("capped"u8, out var capped) && capped.ToBoolean();

    private void CheckWritable()
    {
        if (Synthetic is not null)
        {
            throw CommandFault.IllegalOperation($"'{Namespace}' is a synthetic collection: it can only be read.");
        }
    }

    private static IEnumerable<Record> FromOrdinal(SyntheticCollection made, Record from, bool skipEqual)
    {
        var start = 0L;
        if (from != Record.Lowest)
        {
            var id = from.IdDocument().View.First;
            start =
                id.IsNumber ? Math.Max(0, id.ToInt64() + (skipEqual ? 1 : 0))
                : BsonOrder.Bracket(id.Type) < BsonOrder.Bracket(BsonType.Int64) ? 0
                : made.Count;
        }

        for (var ordinal = start; ordinal < made.Count; ordinal++)
        {
            yield return new Record(made.Generate(ordinal), ordinal + 1);
        }
    }
}

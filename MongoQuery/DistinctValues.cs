using Backup.MongoQuery.Paths;
using Backup.MongoQuery.Stages;
using Backup.MongoWire.Bson;

namespace Backup.MongoQuery;

/// <summary>The command distinct: the different values at a path; of arrays their items.</summary>
public sealed class DistinctValues
{
    /// <summary>An answer is one document.</summary>
    private const int MaximumBytes = 16 << 20;

    private readonly FieldPath _path;
    private readonly SortedSet<Value> _values = new(Comparer<Value>.Create(Value.Compare));
    private readonly MemoryBudget _memory = new(MemoryUse.Distinct, QueryLimits.Default);
    private long _bytes;

    /// <param name="key">The path.</param>
    /// <exception cref="QueryException">2601 for an empty path.</exception>
    public DistinctValues(ReadOnlySpan<byte> key)
    {
        _path = FieldPath.Parse(key);
        if (_path.HasEmptyPart || key.Contains((byte)0))
        {
            throw MongoQueryErrors.NotSupported("distinct by a path with an empty part");
        }
    }

    /// <exception cref="QueryException">2600 where the answer would be larger than a document may be.</exception>
    public void Add(BsonView document) => Add(document, 0);

    /// <summary>Writes the values as items of the open array.</summary>
    public void Write(BsonWriter writer)
    {
        Span<byte> scratch = stackalloc byte[11];
        foreach (var value in _values)
        {
            value.Write(writer, writer.ArrayItemName(scratch));
        }
    }

    private void Add(BsonView document, int depth)
    {
        if (!document.TryGet(_path[depth], out var field))
        {
            return;
        }

        if (depth == _path.Length - 1)
        {
            AddValue(field);
        }
        else if (field.Type == BsonType.Document)
        {
            Add(field.AsDocument, depth + 1);
        }
        else if (field.Type == BsonType.Array)
        {
            AddItems(field.AsDocument, depth + 1);
        }
    }

    private void AddItems(BsonView array, int depth)
    {
        if (_path[depth].All(static one => one is >= (byte)'0' and <= (byte)'9'))
        {
            Add(array, depth);
            return;
        }

        foreach (var item in array)
        {
            if (item.Type is BsonType.Document or BsonType.Array)
            {
                Add(item.AsDocument, depth);
            }
        }
    }

    private void AddValue(BsonElement field)
    {
        if (field.Type != BsonType.Array)
        {
            Keep(Value.Of(field));
            return;
        }

        foreach (var item in field.AsDocument)
        {
            Keep(Value.Of(item));
        }
    }

    private void Keep(Value value)
    {
        if (!_values.Add(value))
        {
            return;
        }

        _memory.Add(value.Bytes.Length);
        _bytes += value.Bytes.Length + 8;
        if (_bytes > MaximumBytes)
        {
            throw MongoQueryErrors.Location(17217, "distinct too big, 16mb cap");
        }
    }
}

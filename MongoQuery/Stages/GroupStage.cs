using Backup.MongoQuery.Expressions;
using Backup.MongoQuery.Spilling;
using Backup.MongoWire.Bson;

namespace Backup.MongoQuery.Stages;

/// <summary>
/// <c>$group</c>; the groups come out in the order of their keys. Where they need more memory than there is and the disk may be used, those that are held
/// stay as they are, and what comes further is sorted by its key, in temporary files, and added to them in the end: group by group.
/// </summary>
internal sealed class GroupStage(
    Expression id,
    IReadOnlyList<(byte[] Name, Func<Accumulator> Make, Expression Operand)> fields,
    QueryLimits limits
) : Stage
{
    private readonly SortedDictionary<Value, Accumulator[]> _groups = new(Comparer<Value>.Create(Value.Compare));
    private readonly MemoryBudget _memory = new(MemoryUse.Group, limits);
    private ExternalSorter<Value>? _later;

    public override IEnumerable<BsonDocument> Take(BsonDocument document)
    {
        var key = id.Evaluate(document);
        key = key.IsMissing ? Value.Null : key;
        if (id is DocumentExpression && HasUndefined(key.View))
        {
            throw MongoQueryErrors.NotSupported("undefined in the _id of $group");
        }

        Value[] operands = [.. fields.Select(field => field.Operand.Evaluate(document))];
        if (_later is not null)
        {
            _later.Add(Entry(key, operands));
            return [];
        }

        var fits = true;
        if (!_groups.TryGetValue(key, out var group))
        {
            fits = _memory.FitsOrSpills(key.Bytes.Length + (64 * fields.Count));
            _groups.Add(key, group = Fresh());
        }

        var grown = Accumulate(group, operands);
        if (!fits || (grown > 0 && !_memory.FitsOrSpills(grown)))
        {
            _later = new ExternalSorter<Value>(KeyOf, Value.Compare, limits);
        }

        return [];
    }

    public override IEnumerable<BsonDocument> End() => _later is null ? Held() : Merged(_later);

    public override void Dispose() => _later?.Dispose();

    private IEnumerable<BsonDocument> Held() => _groups.Select(group => Result(group.Key, group.Value));

    /// <summary>Both come in the order of keys.</summary>
    private IEnumerable<BsonDocument> Merged(ExternalSorter<Value> later)
    {
        using var held = _groups.GetEnumerator();
        var hasHeld = held.MoveNext();
        (Value Key, Accumulator[] Group)? open = null;
        foreach (var entry in later.Sorted())
        {
            var key = KeyOf(entry);
            if (open is not { } same || Value.Compare(same.Key, key) != 0)
            {
                if (open is { } done)
                {
                    yield return Result(done.Key, done.Group);
                }

                while (hasHeld && Value.Compare(held.Current.Key, key) < 0)
                {
                    yield return Result(held.Current.Key, held.Current.Value);
                    hasHeld = held.MoveNext();
                }

                open = (key, Fresh());
                if (hasHeld && Value.Compare(held.Current.Key, key) == 0)
                {
                    open = (held.Current.Key, held.Current.Value);
                    hasHeld = held.MoveNext();
                }
            }

            Accumulate(open.Value.Group, OperandsOf(entry));
        }

        if (open is { } last)
        {
            yield return Result(last.Key, last.Group);
        }

        while (hasHeld)
        {
            yield return Result(held.Current.Key, held.Current.Value);
            hasHeld = held.MoveNext();
        }
    }

    private Accumulator[] Fresh() => [.. fields.Select(static field => field.Make())];

    /// <returns>Bytes that the group takes more than before.</returns>
    private long Accumulate(Accumulator[] group, Value[] operands)
    {
        long grown = 0;
        for (var i = 0; i < group.Length; i++)
        {
            grown += group[i].Add(operands[i]);
            if (group[i].ArrayBytes > limits.MemoryBytes)
            {
                throw MemoryUse.Array.TooMuch(limits);
            }
        }

        return grown;
    }

    private BsonDocument Result(Value key, Accumulator[] group) =>
        BsonDocument.Build(w =>
        {
            key.Write(w, "_id"u8);
            for (var i = 0; i < group.Length; i++)
            {
                var value = group[i].Result;
                (value.IsMissing ? Value.Null : value).Write(w, fields[i].Name);
            }
        });

    /// <summary>A key and its operands as a file holds them; what is missing is left out.</summary>
    private static BsonDocument Entry(Value key, Value[] operands) =>
        BsonDocument.Build(w =>
        {
            key.Write(w, "k"u8);
            for (var i = 0; i < operands.Length; i++)
            {
                if (!operands[i].IsMissing)
                {
                    operands[i].Write(w, NameOf(i));
                }
            }
        });

    private static Value KeyOf(BsonDocument entry) => Value.Of(entry.View.First);

    private Value[] OperandsOf(BsonDocument entry)
    {
        var operands = new Value[fields.Count];
        for (var i = 0; i < operands.Length; i++)
        {
            operands[i] = entry.View.TryGet(NameOf(i), out var operand) ? Value.Of(operand) : Value.Missing;
        }

        return operands;
    }

    private static byte[] NameOf(int operand) =>
        System.Text.Encoding.ASCII.GetBytes(operand.ToString(System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>A server takes undefined for missing there, but not elsewhere.</summary>
    private static bool HasUndefined(BsonView key)
    {
        foreach (var part in key)
        {
            if (part.Type == BsonType.Undefined)
            {
                return true;
            }
        }

        return false;
    }
}

using Backup.MongoQuery.Expressions;

namespace Backup.MongoQuery.Stages;

/// <summary>What a group keeps of one field.</summary>
internal abstract class Accumulator
{
    internal static readonly Dictionary<string, Func<Accumulator>> Known = new()
    {
        ["$sum"] = static () => new Summing(average: false),
        ["$avg"] = static () => new Summing(average: true),
        ["$min"] = static () => new Extreme(-1),
        ["$max"] = static () => new Extreme(1),
        ["$first"] = static () => new Ending(first: true),
        ["$last"] = static () => new Ending(first: false),
        ["$push"] = static () => new Pushing(),
        ["$addToSet"] = static () => new SetBuilding(),
    };

    /// <returns>Bytes of memory that it takes more than before, about.</returns>
    public abstract long Add(Value value);

    /// <summary>Of one that makes an array: a single document has to hold that.</summary>
    public long ArrayBytes { get; protected set; }

    public abstract Value Result { get; }

    private sealed class Summing(bool average) : Accumulator
    {
        private readonly Sum _sum = new();

        public override long Add(Value value)
        {
            if (value.IsNumber)
            {
                _sum.Add(value);
            }

            return 0;
        }

        public override Value Result => average ? _sum.Average : _sum.Total;
    }

    private sealed class Extreme(int sign) : Accumulator
    {
        private Value _best;

        public override long Add(Value value)
        {
            if (value.IsNullish || (!_best.IsMissing && Value.Compare(value, _best) * sign <= 0))
            {
                return 0;
            }

            var grown = value.Bytes.Length - _best.Bytes.Length;
            _best = value;
            return grown;
        }

        public override Value Result => _best;
    }

    private sealed class Ending(bool first) : Accumulator
    {
        private Value _value;
        private bool _any;

        public override long Add(Value value)
        {
            if (first && _any)
            {
                return 0;
            }

            var grown = value.Bytes.Length - _value.Bytes.Length;
            (_value, _any) = (value, true);
            return grown;
        }

        public override Value Result => _value;
    }

    private sealed class Pushing : Accumulator
    {
        private readonly List<Value> _values = [];

        public override long Add(Value value)
        {
            if (value.IsMissing)
            {
                return 0;
            }

            _values.Add(value);
            ArrayBytes += value.Bytes.Length + 32;
            return value.Bytes.Length + 32;
        }

        public override Value Result => Value.Of(_values);
    }

    private sealed class SetBuilding : Accumulator
    {
        private readonly SortedSet<Value> _values = new(Comparer<Value>.Create(Value.Compare));

        public override long Add(Value value)
        {
            if (value.IsMissing || !_values.Add(value))
            {
                return 0;
            }

            ArrayBytes += value.Bytes.Length + 64;
            return value.Bytes.Length + 64;
        }

        public override Value Result => Value.Of(_values);
    }
}

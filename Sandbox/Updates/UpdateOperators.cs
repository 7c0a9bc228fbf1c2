using Backup.MongoWire.Bson;
using Backup.Sandbox.Values;

namespace Backup.Sandbox.Updates;

/// <summary>The value that an operator makes of the value that is there.</summary>
internal static class UpdateOperators
{
    /// <param name="Value">The new value.</param>
    /// <param name="Item">Set where items were appended to the array in place: the first new position.</param>
    internal readonly record struct Computed(Node Value, int? Item = null);

    /// <returns>Null where nothing changes.</returns>
    public static Computed? Compute(UpdateLeaf leaf, Node? current, UpdateContext context, string[] path) =>
        leaf.Operator switch
        {
            "$set" or "$setOnInsert" => Unless(current, leaf.Operand),
            "$inc" => Unless(current, Numbers.Add(current, leaf.Operand, path)),
            "$mul" => Unless(current, Numbers.Multiply(current, leaf.Operand, path)),
            "$min" => Extreme(current, leaf.Operand, -1),
            "$max" => Extreme(current, leaf.Operand, 1),
            "$bit" => Unless(current, Numbers.Bits(current, leaf.Operand)),
            "$currentDate" => new Computed(Date(leaf.Operand, context)),
            "$push" => ArrayOperators.Push(current, leaf.Operand, path),
            "$addToSet" => ArrayOperators.AddToSet(current, leaf.Operand, path),
            "$pop" => ArrayOperators.Pop(current, leaf.Operand, path),
            "$pull" => ArrayOperators.Pull(current, leaf.Operand),
            "$pullAll" => ArrayOperators.PullAll(current, leaf.Operand),
            _ => throw CommandFault.FailedToParse($"Unknown modifier: {leaf.Operator}"),
        };

    private static Computed? Unless(Node? current, Node value) =>
        current is not null && current.SameAs(value) ? null : new Computed(value);

    private static Computed? Extreme(Node? current, Node operand, int wanted)
    {
        if (current is null)
        {
            return new Computed(operand);
        }

        var order = BsonOrder.CompareValues(operand.Wrapped().View.First, current.Wrapped().View.First);
        return Math.Sign(order) == wanted ? new Computed(operand) : null;
    }

    private static Node Date(Node operand, UpdateContext context)
    {
        var timestamp = false;
        if (operand.Type == BsonType.Document)
        {
            var type = operand.Find("$type")?.Wrapped().View.First.AsString;
            timestamp = type switch
            {
                "timestamp" => true,
                "date" => false,
                _ => throw CommandFault.BadValue("The '$type' string field is required to be 'date' or 'timestamp'"),
            };
        }

        return timestamp
            ? Node.Make(w => w.Timestamp(""u8, context.NowTimestamp))
            : Node.Make(w => w.DateTime(""u8, context.NowMilliseconds));
    }
}

/// <summary>Arithmetic of updates: int, long and double, widening as a server does. Decimals are refused.</summary>
internal static class Numbers
{
    public static Node Add(Node? current, Node operand, string[] path)
    {
        Check(operand, "increment", path);
        if (current is null)
        {
            return operand;
        }

        Check(current, "apply $inc to", path);
        return Combine(current, operand, static (l, r) => checked(l + r), static (l, r) => l + r);
    }

    public static Node Multiply(Node? current, Node operand, string[] path)
    {
        Check(operand, "multiply", path);
        if (current is null)
        {
            return operand.Type switch
            {
                BsonType.Int32 => Node.Make(static w => w.Int32(""u8, 0)),
                BsonType.Int64 => Node.Make(static w => w.Int64(""u8, 0)),
                _ => Node.Make(static w => w.Double(""u8, 0)),
            };
        }

        Check(current, "apply $mul to", path);
        return Combine(current, operand, static (l, r) => checked(l * r), static (l, r) => l * r);
    }

    public static Node Bits(Node? current, Node operand)
    {
        if (operand.Type != BsonType.Document || operand.Fields.Count == 0)
        {
            throw CommandFault.BadValue("The $bit modifier is not compatible with this operand.");
        }

        if (current is not null && current.Type is not (BsonType.Int32 or BsonType.Int64))
        {
            throw CommandFault.BadValue("Cannot apply $bit to a value of non-integral type");
        }

        var isLong = current?.Type == BsonType.Int64;
        var value = current?.Wrapped().View.First.ToInt64() ?? 0;
        foreach (var (name, bits) in operand.Fields)
        {
            var mask = bits.Wrapped().View.First.ToInt64();
            isLong |= bits.Type == BsonType.Int64;
            value = name switch
            {
                "and" => value & mask,
                "or" => value | mask,
                "xor" => value ^ mask,
                _ => throw CommandFault.BadValue(
                    $"The $bit modifier only supports 'and', 'or', and 'xor', not '{name}'"
                ),
            };
        }

        return isLong ? Node.Make(w => w.Int64(""u8, value)) : Node.Make(w => w.Int32(""u8, (int)value));
    }

    private static void Check(Node value, string what, string[] path)
    {
        if (value.Type is not (BsonType.Int32 or BsonType.Int64 or BsonType.Double))
        {
            throw CommandFault.TypeMismatch(
                $"Cannot {what} a value of type {value.Type} at '{string.Join('.', path)}' (the sandbox knows int, long and double)"
            );
        }
    }

    private static Node Combine(Node left, Node right, Func<long, long, long> whole, Func<double, double, double> real)
    {
        var l = left.Wrapped().View.First;
        var r = right.Wrapped().View.First;
        if (l.Type == BsonType.Double || r.Type == BsonType.Double)
        {
            var value = real(l.ToDouble(), r.ToDouble());
            return Node.Make(w => w.Double(""u8, value));
        }

        long result;
        try
        {
            result = whole(l.ToInt64(), r.ToInt64());
        }
        catch (OverflowException)
        {
            throw CommandFault.BadValue("Failed to apply an arithmetic update: the result does not fit 64 bits");
        }

        var narrow =
            l.Type == BsonType.Int32 && r.Type == BsonType.Int32 && result is >= int.MinValue and <= int.MaxValue;
        return narrow ? Node.Make(w => w.Int32(""u8, (int)result)) : Node.Make(w => w.Int64(""u8, result));
    }
}

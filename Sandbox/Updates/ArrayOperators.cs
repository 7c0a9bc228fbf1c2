using Backup.MongoQuery.Filters;
using Backup.MongoQuery.Sorting;
using Backup.MongoWire.Bson;
using Backup.Sandbox.Values;

namespace Backup.Sandbox.Updates;

/// <summary>The operators that change arrays.</summary>
internal static class ArrayOperators
{
    public static UpdateOperators.Computed? Push(Node? current, Node operand, string[] path)
    {
        CheckArray(current, "$push", path);
        var each = operand.Type == BsonType.Document ? operand.Find("$each") : null;
        var added = each is null ? [operand.Clone()] : each.Fields.ConvertAll(static field => field.Value.Clone());
        var slice = each is null ? null : operand.Find("$slice")?.Wrapped().View.First.ToInt64();
        var sort = each is null ? null : operand.Find("$sort");
        var before = current?.Fields.Count ?? 0;
        var position = each is null ? null : operand.Find("$position")?.Wrapped().View.First.ToInt64();
        var at = (int)Math.Clamp(position is < 0 ? before + position.Value : position ?? before, 0, before);
        if (current is not null && slice is null && sort is null && at == before)
        {
            current.Fields.AddRange(added.Select(static item => ("", item)));
            return added.Count == 0 ? null : new UpdateOperators.Computed(current, before);
        }

        var items = current?.Fields.ConvertAll(static field => field.Value) ?? [];
        items.InsertRange(at, added);
        if (sort is not null)
        {
            items = Sorted(items, sort);
        }

        if (slice is { } count)
        {
            items = count >= 0 ? [.. items.Take((int)count)] : [.. items.Skip(Math.Max(0, items.Count + (int)count))];
        }

        return Unless(current, items);
    }

    public static UpdateOperators.Computed? AddToSet(Node? current, Node operand, string[] path)
    {
        CheckArray(current, "$addToSet", path);
        var each = operand.Type == BsonType.Document ? operand.Find("$each") : null;
        var wanted = each is null ? [operand] : each.Fields.ConvertAll(static field => field.Value);
        var items = current?.Fields.ConvertAll(static field => field.Value) ?? [];
        var before = items.Count;
        foreach (var item in wanted)
        {
            if (!items.Exists(known => Equal(known, item)))
            {
                items.Add(item.Clone());
            }
        }

        // A server logs the whole array here, not the items that were added.
        return current is not null && items.Count == before ? null : new UpdateOperators.Computed(Node.NewArray(items));
    }

    public static UpdateOperators.Computed? Pop(Node? current, Node operand, string[] path)
    {
        if (current is null)
        {
            return null;
        }

        CheckArray(current, "$pop", path);
        if (current.Fields.Count == 0)
        {
            return null;
        }

        var first = operand.Wrapped().View.First.ToDouble() < 0;
        var items = current.Fields.ConvertAll(static field => field.Value);
        items.RemoveAt(first ? 0 : items.Count - 1);
        return new UpdateOperators.Computed(Node.NewArray(items));
    }

    public static UpdateOperators.Computed? PullAll(Node? current, Node operand)
    {
        if (operand.Type != BsonType.Array)
        {
            throw CommandFault.BadValue("$pullAll requires an array argument");
        }

        var wanted = operand.Fields.ConvertAll(static field => field.Value);
        return Without(current, item => wanted.Exists(value => Equal(value, item)), "$pullAll");
    }

    public static UpdateOperators.Computed? Pull(Node? current, Node operand)
    {
        var wrapped = operand.Wrapped();
        var conditions = operand.Type == BsonType.Document;
        var onItem = conditions && operand.Fields.Count > 0 && operand.Fields[0].Name.StartsWith('$');
        if (onItem || operand.Type == BsonType.RegularExpression)
        {
            var filter = Filter.OfValue(wrapped.View.First);
            return Without(current, item => filter.MatchesItem(item.Wrapped().View.First), "$pull");
        }

        if (conditions)
        {
            var filter = Filter.Parse(operand.ToDocument());
            return Without(
                current,
                item => item.Type == BsonType.Document && filter.Matches(item.ToDocument().View),
                "$pull"
            );
        }

        return Without(current, item => Equal(item, operand), "$pull");
    }

    private static UpdateOperators.Computed? Without(Node? current, Func<Node, bool> goes, string operation)
    {
        if (current is null)
        {
            return null;
        }

        CheckArray(current, operation, []);
        var items = current.Fields.ConvertAll(static field => field.Value).FindAll(item => !goes(item));
        return items.Count == current.Fields.Count ? null : new UpdateOperators.Computed(Node.NewArray(items));
    }

    private static List<Node> Sorted(List<Node> items, Node sort)
    {
        if (sort.Type != BsonType.Document)
        {
            var direction = Math.Sign(sort.Wrapped().View.First.ToDouble());
            return
            [
                .. items.Order(
                    Comparer<Node>.Create(
                        (l, r) => direction * BsonOrder.CompareValues(l.Wrapped().View.First, r.Wrapped().View.First)
                    )
                ),
            ];
        }

        var order = new SortOrder(sort.ToDocument());
        return
        [
            .. items.Order(
                Comparer<Node>.Create(
                    (l, r) =>
                        l.Type == BsonType.Document && r.Type == BsonType.Document
                            ? order.Compare(l.ToDocument(), r.ToDocument())
                            : BsonOrder.CompareValues(l.Wrapped().View.First, r.Wrapped().View.First)
                )
            ),
        ];
    }

    private static UpdateOperators.Computed? Unless(Node? current, List<Node> items)
    {
        var array = Node.NewArray(items);
        return current is not null && current.SameAs(array) ? null : new UpdateOperators.Computed(array);
    }

    private static bool Equal(Node left, Node right) =>
        BsonOrder.CompareValues(left.Wrapped().View.First, right.Wrapped().View.First) == 0;

    private static void CheckArray(Node? current, string operation, string[] path)
    {
        if (current is not null && current.Type != BsonType.Array)
        {
            throw CommandFault.BadValue(
                $"The field '{string.Join('.', path)}' must be an array but is of type {current.Type} ({operation})"
            );
        }
    }
}

using Backup.MongoQuery.Filters;
using Backup.MongoWire.Bson;
using Backup.Sandbox.Values;

namespace Backup.Sandbox.Updates;

/// <summary>What surrounds one application of an update.</summary>
/// <param name="NowMilliseconds">For <c>$currentDate</c>.</param>
/// <param name="NowTimestamp">For <c>$currentDate</c> with <c>$type: "timestamp"</c>.</param>
/// <param name="IsInsert">Whether an upsert makes a new document: <c>$setOnInsert</c> counts.</param>
/// <param name="Matched">The array position that the query matched, for <c>$</c>.</param>
internal readonly record struct UpdateContext(long NowMilliseconds, ulong NowTimestamp, bool IsInsert, int? Matched);

/// <summary>Applies an update's operators to a document and notes what they did.</summary>
internal sealed class Updater(UpdateTree tree, IReadOnlyDictionary<string, Filter> arrayFilters)
{
    private readonly ChangeLog _log = new();
    private Node _root = null!;
    private UpdateContext _context;

    /// <summary>Changes <paramref name="root"/> in place.</summary>
    /// <returns>What was changed; empty where the document stayed as it was.</returns>
    public ChangeLog Apply(Node root, UpdateContext context)
    {
        _root = root;
        _context = context;
        foreach (var (path, leaf) in Resolve(tree, root, []))
        {
            ApplyLeaf(path, leaf);
        }

        return _log;
    }

    /// <summary>The concrete paths, with <c>$</c>, <c>$[]</c> and <c>$[id]</c> replaced by positions.</summary>
    private List<(string[] Path, UpdateLeaf Leaf)> Resolve(UpdateTree node, Node? at, string[] path)
    {
        var found = new List<(string[] Path, UpdateLeaf Leaf)>();
        if (node.Leaf is { } leaf)
        {
            found.Add((path, leaf));
        }

        foreach (var (name, child) in node.Children)
        {
            foreach (var part in Positions(name, at, path))
            {
                var next = at is { IsContainer: true } ? at.Find(part) : null;
                found.AddRange(Resolve(child, next, [.. path, part]));
            }
        }

        if (node.Children.Keys.Any(static name => name.StartsWith('$')))
        {
            found.Sort(static (left, right) => ComparePaths(left.Path, right.Path));
        }

        return found;
    }

    private static int ComparePaths(string[] left, string[] right)
    {
        for (var i = 0; i < Math.Min(left.Length, right.Length); i++)
        {
            var order = UpdateTree.ComparePart(left[i], right[i]);
            if (order != 0)
            {
                return order;
            }
        }

        return left.Length.CompareTo(right.Length);
    }

    private IEnumerable<string> Positions(string name, Node? at, string[] path)
    {
        if (name == "$")
        {
            return
            [
                _context.Matched?.ToString()
                    ?? throw CommandFault.BadValue(
                        "The positional operator did not find the match needed from the query."
                    ),
            ];
        }

        if (!name.StartsWith("$[", StringComparison.Ordinal) || !name.EndsWith(']'))
        {
            return [name];
        }

        if (at is not { Type: BsonType.Array })
        {
            throw CommandFault.BadValue(
                $"The path '{string.Join('.', path)}' must exist in the document in order to apply array updates."
            );
        }

        var identifier = name[2..^1];
        if (identifier.Length == 0)
        {
            return Enumerable.Range(0, at.Fields.Count).Select(static i => i.ToString());
        }

        var filter = arrayFilters.TryGetValue(identifier, out var known)
            ? known
            : throw CommandFault.BadValue($"No array filter found for identifier '{identifier}' in path '{name}'");
        return Enumerable
            .Range(0, at.Fields.Count)
            .Where(i => filter.Matches(Named(identifier, at.Fields[i].Value).View))
            .Select(static i => i.ToString())
            .ToList();
    }

    private static BsonDocument Named(string name, Node value) =>
        BsonDocument.Build(w => value.Write(w, Names.Bytes(name)));

    private void ApplyLeaf(string[] path, UpdateLeaf leaf)
    {
        switch (leaf.Operator)
        {
            case "$renamed":
                return;
            case "$setOnInsert" when !_context.IsInsert:
                return;
            case "$unset":
                Unset(path);
                return;
            case "$rename":
                Rename(path, leaf);
                return;
        }

        var target = Walk(path, out var depth, out var arrays);
        var current = depth == path.Length ? target.Find(path[^1]) : null;
        if (current is null && leaf.Operator is "$pull" or "$pullAll" or "$pop" && depth < path.Length)
        {
            return;
        }

        if (depth == path.Length && current is null)
        {
            depth--;
        }

        var change = UpdateOperators.Compute(leaf, current, _context, path);
        if (change is not { } computed)
        {
            return;
        }

        if (computed.Item is { } item)
        {
            // Appended items are noted one by one, at their places; the value is already in the array.
            NoteItems(path, arrays, computed.Value, item);
            return;
        }

        Store(path, depth, arrays, computed.Value);
    }

    /// <summary>Items pushed to the end of an array: each is logged under its own position.</summary>
    private void NoteItems(string[] path, bool[] arrays, Node array, int first)
    {
        for (var i = first; i < array.Fields.Count; i++)
        {
            _log.Set([.. path, i.ToString()], path.Length, [.. arrays, true], array.Fields[i].Value.Clone());
        }
    }

    private void Store(string[] path, int existing, bool[] arrays, Node value)
    {
        if (path.Length == 1 && path[0] == "_id")
        {
            KeepId(value);
            return;
        }

        if (existing < path.Length && path[0] == "_id")
        {
            throw CommandFault.ImmutableField("_id");
        }

        var parent = _root;
        for (var i = 0; i < existing && i < path.Length - 1; i++)
        {
            parent = parent.Find(path[i])!;
        }

        if (existing >= path.Length)
        {
            var index = parent.IndexOf(path[^1]);
            parent.Fields[index] = (parent.Fields[index].Name, value);
            _log.Set(path, path.Length, arrays, value.Clone());
            return;
        }

        var nested = value;
        for (var i = path.Length - 1; i > existing; i--)
        {
            var holder = Node.NewDocument();
            holder.Fields.Add((path[i], nested));
            nested = holder;
        }

        AddTo(parent, path[existing], nested);
        _log.Set(path, existing, [.. arrays, .. new bool[Math.Max(0, path.Length - arrays.Length)]], value.Clone());
    }

    private void KeepId(Node value)
    {
        var current = _root.Find("_id");
        if (current is null)
        {
            _root.Fields.Insert(0, ("_id", value));
            _log.Set(["_id"], 0, [false], value.Clone());
        }
        else if (BsonOrder.CompareValues(current.Wrapped().View.First, value.Wrapped().View.First) != 0)
        {
            throw CommandFault.ImmutableField("_id");
        }
    }

    private static void AddTo(Node parent, string name, Node value)
    {
        if (parent.Type != BsonType.Array)
        {
            parent.Fields.Add((name, value));
            return;
        }

        Names.TryIndex(name, out var index);
        const int maxPadding = 1_500_000;
        if (index - parent.Fields.Count > maxPadding)
        {
            throw new CommandFault(2, "BadValue", $"can't backfill more than {maxPadding} elements");
        }

        while (parent.Fields.Count < index)
        {
            parent.Fields.Add(("", Node.Null()));
        }

        parent.Fields.Add(("", value));
    }

    /// <summary>Walks as far as the document goes along the path.</summary>
    /// <param name="path">The whole path.</param>
    /// <param name="depth">How many parts exist; the path's length where its last container does.</param>
    /// <param name="arrays">For each part met, whether its container is an array.</param>
    private Node Walk(string[] path, out int depth, out bool[] arrays)
    {
        var node = _root;
        var kinds = new List<bool> { false };
        for (depth = 0; depth < path.Length - 1; depth++)
        {
            var next = node.Find(path[depth]);
            if (next is null)
            {
                CheckName(node, path, depth);
                arrays = [.. kinds];
                return node;
            }

            if (!next.IsContainer)
            {
                throw CommandFault.PathNotViable(
                    $"Cannot create field '{path[depth + 1]}' in element {{{path[depth]}: {next.Type}}}"
                );
            }

            node = next;
            kinds.Add(node.Type == BsonType.Array);
        }

        CheckName(node, path, path.Length - 1);
        depth = path.Length;
        arrays = [.. kinds];
        return node;
    }

    private static void CheckName(Node container, string[] path, int depth)
    {
        if (container.Type == BsonType.Array && !Names.TryIndex(path[depth], out _))
        {
            throw CommandFault.PathNotViable($"Cannot create field '{path[depth]}' in an array");
        }
    }

    private void Unset(string[] path)
    {
        var node = _root;
        var kinds = new bool[path.Length];
        for (var i = 0; i < path.Length; i++)
        {
            if (!node.IsContainer)
            {
                return;
            }

            kinds[i] = node.Type == BsonType.Array;
            var index = node.IndexOf(path[i]);
            if (index < 0)
            {
                return;
            }

            if (i < path.Length - 1)
            {
                node = node.Fields[index].Value;
                continue;
            }

            if (path[0] == "_id")
            {
                throw CommandFault.ImmutableField("_id");
            }

            if (kinds[i])
            {
                node.Fields[index] = ("", Node.Null());
            }
            else
            {
                node.Fields.RemoveAt(index);
            }
        }

        _log.Unset(path, kinds);
    }

    private void Rename(string[] target, UpdateLeaf leaf)
    {
        var source = Names.Of(leaf.Operand.Wrapped().View.First.AsUtf8).Split('.');
        var node = _root;
        foreach (var part in source)
        {
            if (node.Type == BsonType.Array)
            {
                throw CommandFault.BadValue(
                    $"The source field cannot be an array element, '{string.Join('.', source)}'"
                );
            }

            var next = node.IsContainer ? node.Find(part) : null;
            if (next is null)
            {
                return;
            }

            node = next;
        }

        var moved = node.Clone();
        var parent = Walk(target, out var depth, out var arrays);
        if (depth == target.Length && parent.Find(target[^1]) is null)
        {
            depth--;
        }

        Store(target, depth, arrays, moved);
        Unset(source);
    }
}

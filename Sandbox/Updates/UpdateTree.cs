using Backup.MongoWire.Bson;
using Backup.Sandbox.Values;

namespace Backup.Sandbox.Updates;

/// <summary>One operator at the end of a path, with its operand.</summary>
internal sealed record UpdateLeaf(string Operator, Node Operand);

/// <summary>
/// The paths of an update as a tree, children in the server's order (numbers as numbers, everything else by bytes),
/// so that new fields are made in the order in which a server makes them. Source: the server's update_object_node.
/// </summary>
internal sealed class UpdateTree
{
    private static readonly Comparer<string> PathOrder = Comparer<string>.Create(ComparePart);

    public SortedList<string, UpdateTree> Children { get; } = new(PathOrder);

    public UpdateLeaf? Leaf { get; private set; }

    private static readonly HashSet<string> Operators =
    [
        "$set",
        "$unset",
        "$inc",
        "$mul",
        "$min",
        "$max",
        "$rename",
        "$push",
        "$pull",
        "$pullAll",
        "$pop",
        "$addToSet",
        "$bit",
        "$currentDate",
        "$setOnInsert",
    ];

    /// <exception cref="CommandFault">9 unknown or empty operator, 40 two operators on one path, 2 bad path.</exception>
    public static UpdateTree Parse(BsonView update)
    {
        var root = new UpdateTree();
        foreach (var group in update)
        {
            var name = group.NameText;
            if (!Operators.Contains(name))
            {
                throw CommandFault.FailedToParse($"Unknown modifier: {name}");
            }

            if (group.Type != BsonType.Document)
            {
                throw CommandFault.FailedToParse(
                    $"Modifiers operate on fields but we found type {group.Type} instead."
                );
            }

            foreach (var field in group.AsDocument)
            {
                root.Add(Names.Of(field.Name), name, Node.Of(field));
            }
        }

        return root;
    }

    private void Add(string path, string operation, Node operand)
    {
        if (operation == "$rename")
        {
            var target = Names.Of(RenameTarget(operand).Span);
            Insert(path, new UpdateLeaf("$renamed", operand));
            Insert(target, new UpdateLeaf("$rename", Node.Make(w => w.String(""u8, Names.Bytes(path)))));
            return;
        }

        Insert(path, new UpdateLeaf(operation, operand));
    }

    private static ReadOnlyMemory<byte> RenameTarget(Node operand) =>
        operand.Type == BsonType.String
            ? operand.Wrapped().View.First.AsUtf8.ToArray()
            : throw CommandFault.BadValue("The 'to' field for $rename must be a string");

    private void Insert(string path, UpdateLeaf leaf)
    {
        if (path.Length == 0)
        {
            throw new CommandFault(56, "EmptyFieldName", "An empty update path is not valid.");
        }

        var node = this;
        var parts = path.Split('.');
        for (var i = 0; i < parts.Length; i++)
        {
            if (parts[i].Length == 0)
            {
                throw new CommandFault(
                    56,
                    "EmptyFieldName",
                    $"The update path '{path}' contains an empty field name, which is not allowed."
                );
            }

            if (node.Leaf is not null)
            {
                throw CommandFault.ConflictingUpdate(path, string.Join('.', parts[..i]));
            }

            if (!node.Children.TryGetValue(parts[i], out var child))
            {
                node.Children.Add(parts[i], child = new UpdateTree());
            }

            node = child;
        }

        if (node.Leaf is not null || node.Children.Count > 0)
        {
            throw CommandFault.ConflictingUpdate(path, path);
        }

        node.Leaf = leaf;
    }

    internal static int ComparePart(string? left, string? right)
    {
        if (Names.TryIndex(left!, out var l) && Names.TryIndex(right!, out var r))
        {
            return l.CompareTo(r);
        }

        return string.CompareOrdinal(left, right);
    }
}

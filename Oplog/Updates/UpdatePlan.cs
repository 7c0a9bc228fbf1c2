using Backup.MongoWire.Bson;

namespace Backup.Oplog.Updates;

/// <summary>What a node of an <see cref="UpdatePlan"/> does to the field it names.</summary>
internal enum PlanAction : byte
{
    /// <summary><c>$v: 1</c>: something below this path part changes.</summary>
    Path,

    /// <summary><c>$v: 1</c>: <c>$set</c>.</summary>
    Set,

    /// <summary><c>$v: 1</c>: <c>$unset</c>.</summary>
    Unset,

    /// <summary><c>$v: 2</c>, section d.</summary>
    Delete,

    /// <summary><c>$v: 2</c>, section u.</summary>
    Replace,

    /// <summary><c>$v: 2</c>, section i.</summary>
    Insert,

    /// <summary><c>$v: 2</c>, section b.</summary>
    Patch,

    /// <summary><c>$v: 2</c>, an s field that changes a document.</summary>
    DocumentDiff,

    /// <summary><c>$v: 2</c>, an s field that changes an array.</summary>
    ArrayDiff,
}

/// <summary>One field that an update names. Offsets are into the update's bytes.</summary>
internal struct PlanNode
{
    public PlanAction Action;

    /// <summary>Whether the walk over the document has met the field.</summary>
    public bool Met;

    /// <summary>For a path: whether a <c>$set</c> stands below it, so that it is made where it is missing.</summary>
    public bool Creates;

    public BsonType Type;
    public int Parent;
    public int Hash;
    public int NameStart;
    public int NameLength;
    public int ValueStart;
    public int ValueLength;

    /// <summary>In an array: the index it names, or -1. For a patch: the offset.</summary>
    public int Index;

    /// <summary>For an array diff: the length to make, or -1.</summary>
    public int NewLength;
    public int FirstChild;
    public int LastChild;
    public int Children;

    /// <summary>The next child of the same parent.</summary>
    public int Next;

    /// <summary>The next node in the same bucket of the hash table.</summary>
    public int Chain;
}

/// <summary>
/// An update, parsed into a tree of the fields that it names: what the walk over the document asks for each field. Few children are
/// compared one by one, many are found by hash, so that neither a small update nor a hostile one is slow. One a thread is kept and reused.
/// </summary>
internal sealed class UpdatePlan
{
    internal const int Root = 0;
    internal const int None = -1;
    private const int Linear = 8;
    private const int KeptNodes = 4096;

    [ThreadStatic]
    private static UpdatePlan? _kept;

    private PlanNode[] _nodes = new PlanNode[64];
    private int[] _buckets = [];
    private int _count;

    /// <summary>A plan with nothing but its root. Give it back by <see cref="Return"/>.</summary>
    internal static UpdatePlan Rent()
    {
        var plan = _kept ?? new UpdatePlan();
        _kept = null;
        plan._count = 0;
        plan._buckets = [];
        plan.Append(new PlanNode { Action = PlanAction.Path, Parent = None });
        return plan;
    }

    internal void Return()
    {
        if (_nodes.Length <= KeptNodes)
        {
            _kept = this;
        }
    }

    internal ref PlanNode this[int node] => ref _nodes[node];

    /// <summary>Adds a child; None where the parent has one of that name already.</summary>
    internal int Add(ReadOnlySpan<byte> update, int parent, PlanAction action, int nameStart, int nameLength)
    {
        var name = update.Slice(nameStart, nameLength);
        if (Find(update, parent, name) != None)
        {
            return None;
        }

        var node = Append(
            new PlanNode
            {
                Action = action,
                Parent = parent,
                NameStart = nameStart,
                NameLength = nameLength,
                Index = -1,
                NewLength = -1,
                Hash = HashOf(parent, name),
            }
        );
        ref var above = ref _nodes[parent];
        if (above.Children++ == 0)
        {
            above.FirstChild = node;
        }
        else
        {
            _nodes[above.LastChild].Next = node;
        }

        above.LastChild = node;
        Index(node);
        return node;
    }

    /// <summary>The child of that name, or None.</summary>
    internal int Find(ReadOnlySpan<byte> update, int parent, ReadOnlySpan<byte> name)
    {
        ref var above = ref _nodes[parent];
        return above.Children > Linear ? FindByHash(update, parent, name) : FindByWalk(update, above.FirstChild, name);
    }

    internal ReadOnlySpan<byte> NameOf(ReadOnlySpan<byte> update, int node) =>
        update.Slice(_nodes[node].NameStart, _nodes[node].NameLength);

    internal ReadOnlySpan<byte> ValueOf(ReadOnlySpan<byte> update, int node) =>
        update.Slice(_nodes[node].ValueStart, _nodes[node].ValueLength);

    private int FindByWalk(ReadOnlySpan<byte> update, int node, ReadOnlySpan<byte> name)
    {
        while (node != None)
        {
            ref var candidate = ref _nodes[node];
            if (
                candidate.NameLength == name.Length
                && update.Slice(candidate.NameStart, name.Length).SequenceEqual(name)
            )
            {
                return node;
            }

            node = candidate.Next;
        }

        return None;
    }

    private int FindByHash(ReadOnlySpan<byte> update, int parent, ReadOnlySpan<byte> name)
    {
        var hash = HashOf(parent, name);
        for (var node = _buckets[hash & (_buckets.Length - 1)]; node != None; node = _nodes[node].Chain)
        {
            if (_nodes[node].Hash == hash && _nodes[node].Parent == parent && NameOf(update, node).SequenceEqual(name))
            {
                return node;
            }
        }

        return None;
    }

    private int Append(PlanNode node)
    {
        if (_count == _nodes.Length)
        {
            Array.Resize(ref _nodes, _count * 2);
        }

        node.FirstChild = None;
        node.LastChild = None;
        node.Next = None;
        node.Chain = None;
        _nodes[_count] = node;
        return _count++;
    }

    private void Index(int node)
    {
        if (_count <= Linear)
        {
            return;
        }

        if (_count > _buckets.Length)
        {
            _buckets = new int[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)_count * 2)];
            Array.Fill(_buckets, None);
            for (var i = 1; i < _count; i++)
            {
                Link(i);
            }
        }
        else
        {
            Link(node);
        }
    }

    private void Link(int node)
    {
        ref var bucket = ref _buckets[_nodes[node].Hash & (_buckets.Length - 1)];
        _nodes[node].Chain = bucket;
        bucket = node;
    }

    private static int HashOf(int parent, ReadOnlySpan<byte> name)
    {
        // Seeded per process by the framework: names chosen to collide do not.
        var hash = new HashCode();
        hash.Add(parent);
        hash.AddBytes(name);
        return hash.ToHashCode();
    }
}

using System.Text;
using Backup.MongoQuery.Expressions;
using Backup.MongoQuery.Paths;
using Backup.MongoWire.Bson;

namespace Backup.MongoQuery.Projections;

/// <summary>The paths of a projection as a tree of names; what hangs at a path's end is taken, left out or computed.</summary>
internal sealed class ProjectionTree
{
    private readonly Dictionary<string, ProjectionTree> _children = [];

    /// <summary>Names in the order they were given in, of computed fields and of what leads to them.</summary>
    private readonly List<string> _computed = [];

    /// <summary>What is computed here; null where nothing is.</summary>
    internal Expression? Computes { get; private set; }

    /// <summary>The names at the top, of what is computed there or below.</summary>
    internal IReadOnlyList<string> ComputedNames => _computed;

    internal IEnumerable<string> Names => _children.Keys;

    /// <summary>Whether something is computed below the top.</summary>
    internal bool ComputesBelow => _computed.Exists(name => !_children[name].IsLeaf);

    internal bool IsLeaf => _children.Count == 0;

    internal ProjectionTree? Child(ReadOnlySpan<byte> name) =>
        _children.GetValueOrDefault(Encoding.Latin1.GetString(name));

    /// <exception cref="QueryException">2601 where one path is given twice, or leads through another.</exception>
    internal void Add(FieldPath path, Expression? computes)
    {
        var node = this;
        for (var i = 0; i < path.Length; i++)
        {
            if (path[i] is [] or [(byte)'$', ..])
            {
                throw MongoQueryErrors.NotSupported($"the path '{path}' in a projection");
            }

            var name = Encoding.Latin1.GetString(path[i]);
            var isLast = i == path.Length - 1;
            if (!node._children.TryGetValue(name, out var child))
            {
                node._children.Add(name, child = new ProjectionTree());
            }
            else if (isLast || child.IsLeaf)
            {
                throw MongoQueryErrors.NotSupported(
                    $"a projection of two paths of which one leads through the other ('{path}')"
                );
            }

            if (computes is not null && !node._computed.Contains(name))
            {
                node._computed.Add(name);
            }

            node = child;
        }

        node.Computes = computes;
    }

    /// <summary>Copies of a document what is named (or not named).</summary>
    internal void Copy(BsonWriter writer, BsonView document, bool includes)
    {
        foreach (var field in document)
        {
            CopyField(writer, field, field.Name, includes);
        }
    }

    internal void CopyField(BsonWriter writer, BsonElement field, ReadOnlySpan<byte> name, bool includes)
    {
        var child = Child(field.Name);
        if (child is null || child.IsLeaf)
        {
            // What is computed takes the place of what was there.
            if (child is not null == includes && child?.Computes is null)
            {
                writer.Element(name, field);
            }

            return;
        }

        switch (field.Type)
        {
            case BsonType.Document:
                writer.BeginDocument(name);
                child.Copy(writer, field.AsDocument, includes);
                writer.EndDocument();
                break;
            case BsonType.Array:
                child.CopyArray(writer, field.AsDocument, name, includes);
                break;
            default:
                if (!includes || child._computed.Count > 0)
                {
                    writer.Element(name, field);
                }

                break;
        }
    }

    private void CopyArray(BsonWriter writer, BsonView array, ReadOnlySpan<byte> name, bool includes)
    {
        Span<byte> scratch = stackalloc byte[11];
        writer.BeginArray(name);
        foreach (var item in array)
        {
            switch (item.Type)
            {
                case BsonType.Document:
                    writer.BeginDocument(writer.ArrayItemName(scratch));
                    Copy(writer, item.AsDocument, includes);
                    writer.EndDocument();
                    break;
                case BsonType.Array:
                    CopyArray(writer, item.AsDocument, writer.ArrayItemName(scratch), includes);
                    break;
                default:
                    // What is computed in it takes its place.
                    if (!includes || _computed.Count > 0)
                    {
                        writer.Element(writer.ArrayItemName(scratch), item);
                    }

                    break;
            }
        }

        writer.EndArray();
    }

    /// <summary>Writes a document with computed fields set: known ones in their place, new ones at the end.</summary>
    /// <param name="writer">Open at the document to write.</param>
    /// <param name="document">What they are set in.</param>
    /// <param name="root">What they are computed from.</param>
    /// <param name="entersArrays">Whether fields are set in the items of arrays; else an array on the way is refused: what a server keeps of it depends on other stages.</param>
    internal void Set(BsonWriter writer, BsonView document, BsonDocument root, bool entersArrays)
    {
        var written = new HashSet<string>(StringComparer.Ordinal);
        foreach (var field in document)
        {
            var name = Encoding.Latin1.GetString(field.Name);
            if (_computed.Contains(name))
            {
                if (written.Add(name))
                {
                    _children[name].SetValue(writer, field.Name, Value.Of(field), root, entersArrays);
                }
            }
            else
            {
                writer.Element(field);
            }
        }

        foreach (var name in _computed)
        {
            if (!written.Contains(name))
            {
                _children[name].SetValue(writer, Encoding.Latin1.GetBytes(name), Value.Missing, root, entersArrays);
            }
        }
    }

    private void SetValue(BsonWriter writer, ReadOnlySpan<byte> name, Value old, BsonDocument root, bool entersArrays)
    {
        if (Computes is { } expression)
        {
            var value = expression.Evaluate(root);
            if (!value.IsMissing)
            {
                value.Write(writer, name);
            }

            return;
        }

        if (old.Type != BsonType.Array)
        {
            writer.BeginDocument(name);
            Set(writer, old.Type == BsonType.Document ? old.View : BsonDocument.Empty.View, root, entersArrays);
            writer.EndDocument();
            return;
        }

        if (!entersArrays)
        {
            throw MongoQueryErrors.NotSupported("a field that $project computes inside of an array");
        }

        Span<byte> scratch = stackalloc byte[11];
        writer.BeginArray(name);
        foreach (var item in old.View)
        {
            SetValue(writer, writer.ArrayItemName(scratch), Value.Of(item), root, entersArrays);
        }

        writer.EndArray();
    }
}

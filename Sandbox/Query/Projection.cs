using Backup.MongoWire.Bson;
using Backup.Sandbox.Values;

namespace Backup.Sandbox.Query;

/// <summary>A projection that includes or leaves out fields by path; expressions are not known.</summary>
internal sealed class Projection
{
    private readonly PathSet _paths = new();
    private readonly bool _includes;
    private readonly bool _id = true;

    private Projection(BsonDocument specification)
    {
        bool? includes = null;
        foreach (var field in specification.View)
        {
            if (!field.IsNumber && field.Type != BsonType.Boolean)
            {
                throw CommandFault.BadValue($"The sandbox projects by 0 and 1 only, not '{field.NameText}'");
            }

            if (field.NameIs("_id"u8))
            {
                _id = field.ToBoolean();
                continue;
            }

            if (includes is not null && includes != field.ToBoolean())
            {
                throw CommandFault.BadValue("Projection cannot have a mix of inclusion and exclusion.");
            }

            includes = field.ToBoolean();
            _paths.Add(Names.Of(field.Name).Split('.'), 0);
        }

        _includes = includes ?? (_id && !specification.View.IsEmpty);
    }

    /// <returns>Null where everything is wanted.</returns>
    public static Projection? Parse(BsonDocument? specification) =>
        specification is not { } given || given.View.IsEmpty ? null : new Projection(given);

    public BsonDocument Apply(BsonDocument document)
    {
        using var writer = new BsonWriter(document.Length);
        writer.BeginDocument();
        foreach (var field in document.View)
        {
            if (field.NameIs("_id"u8))
            {
                if (_id)
                {
                    writer.Element(field);
                }
            }
            else
            {
                Copy(writer, field, field.Name, _paths);
            }
        }

        writer.EndDocument();
        return writer.ToDocument();
    }

    private void Copy(BsonWriter writer, BsonElement field, ReadOnlySpan<byte> name, PathSet paths)
    {
        var known = paths.Children.TryGetValue(Names.Of(field.Name), out var below);
        if (!known || below!.Children.Count == 0)
        {
            if (known == _includes)
            {
                writer.Element(name, field);
            }

            return;
        }

        if (field.Type is BsonType.Document)
        {
            writer.BeginDocument(name);
            CopyFields(writer, field.AsDocument, below);
            writer.EndDocument();
        }
        else if (field.Type is BsonType.Array)
        {
            CopyArray(writer, field.AsDocument, name, below);
        }
        else if (!_includes)
        {
            writer.Element(name, field);
        }
    }

    private void CopyFields(BsonWriter writer, BsonView document, PathSet paths)
    {
        foreach (var inner in document)
        {
            Copy(writer, inner, inner.Name, paths);
        }
    }

    private void CopyArray(BsonWriter writer, BsonView array, ReadOnlySpan<byte> name, PathSet paths)
    {
        Span<byte> scratch = stackalloc byte[11];
        writer.BeginArray(name);
        foreach (var item in array)
        {
            if (item.Type == BsonType.Document)
            {
                writer.BeginDocument(writer.ArrayItemName(scratch));
                CopyFields(writer, item.AsDocument, paths);
                writer.EndDocument();
            }
            else if (!_includes)
            {
                writer.Element(writer.ArrayItemName(scratch), item);
            }
        }

        writer.EndArray();
    }

    private sealed class PathSet
    {
        public Dictionary<string, PathSet> Children { get; } = [];

        public void Add(string[] path, int depth)
        {
            if (depth == path.Length)
            {
                return;
            }

            if (!Children.TryGetValue(path[depth], out var child))
            {
                Children[path[depth]] = child = new PathSet();
            }

            child.Add(path, depth + 1);
        }
    }
}

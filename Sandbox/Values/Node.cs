using System.Text;
using Backup.MongoWire.Bson;

namespace Backup.Sandbox.Values;

/// <summary>
/// A value that an update may change: the bytes of a value as they came, opened into its fields only where an update
/// goes through it. Field names are held as Latin-1, one character a byte, so that every name survives.
/// </summary>
internal sealed class Node
{
    private ReadOnlyMemory<byte> _raw;
    private List<(string Name, Node Value)>? _fields;

    private Node(BsonType type, ReadOnlyMemory<byte> raw)
    {
        Type = type;
        _raw = raw;
    }

    public BsonType Type { get; }

    public bool IsContainer => Type is BsonType.Document or BsonType.Array;

    /// <summary>The fields of a document, the items of an array (their names are not looked at).</summary>
    public List<(string Name, Node Value)> Fields => _fields ??= Open();

    public static Node Of(BsonElement element) => new(element.Type, element.Value.ToArray());

    public static Node Of(BsonDocument document) => new(BsonType.Document, document.Memory);

    public static Node Null() => new(BsonType.Null, default);

    public static Node NewDocument() => new(BsonType.Document, default) { _fields = [] };

    public static Node NewArray(IEnumerable<Node> items) =>
        new(BsonType.Array, default) { _fields = [.. items.Select(static item => ("", item))] };

    /// <summary>A value written by <paramref name="write"/> under the name it is given.</summary>
    public static Node Make(Action<BsonWriter> write)
    {
        var holder = BsonDocument.Build(write);
        return Of(holder.View.First);
    }

    /// <summary>The position of a field by name, or of an array's item by number; -1 where there is none.</summary>
    public int IndexOf(string name)
    {
        if (Type == BsonType.Array)
        {
            return Names.TryIndex(name, out var index) && index < Fields.Count ? index : -1;
        }

        var fields = Fields;
        for (var i = 0; i < fields.Count; i++)
        {
            if (fields[i].Name == name)
            {
                return i;
            }
        }

        return -1;
    }

    public Node? Find(string name)
    {
        var index = IndexOf(name);
        return index < 0 ? null : Fields[index].Value;
    }

    public void Write(BsonWriter writer, ReadOnlySpan<byte> name)
    {
        if (_fields is null)
        {
            writer.Raw(name, Type, _raw.Span);
            return;
        }

        if (Type == BsonType.Array)
        {
            writer.BeginArray(name);
        }
        else
        {
            writer.BeginDocument(name);
        }

        WriteFields(writer);
        writer.EndDocument();
    }

    public BsonDocument ToDocument()
    {
        if (_fields is null)
        {
            return new BsonDocument(_raw);
        }

        using var writer = new BsonWriter(1024);
        writer.BeginDocument();
        WriteFields(writer);
        writer.EndDocument();
        return writer.ToDocument();
    }

    /// <summary>The value as the only field, with an empty name, of a document: to compare and to match.</summary>
    public BsonDocument Wrapped()
    {
        using var writer = new BsonWriter();
        writer.BeginDocument();
        Write(writer, default);
        writer.EndDocument();
        return writer.ToDocument();
    }

    /// <summary>Whether type and bytes are the same.</summary>
    public bool SameAs(Node other) => Type == other.Type && Wrapped() == other.Wrapped();

    public Node Clone() => Of(Wrapped().View.First);

    private List<(string Name, Node Value)> Open()
    {
        if (!IsContainer)
        {
            throw new InvalidOperationException("A scalar has no fields.");
        }

        var fields = new List<(string Name, Node Value)>();
        var all = new BsonView(_raw.Span).GetEnumerator();
        while (all.MoveNext())
        {
            var element = all.Current;
            var start = all.Offset + 1 + element.Name.Length + 1;
            var value = new Node(element.Type, _raw.Slice(start, element.Value.Length));
            fields.Add((Type == BsonType.Array ? "" : Names.Of(element.Name), value));
        }

        _raw = default;
        return fields;
    }

    private void WriteFields(BsonWriter writer)
    {
        Span<byte> scratch = stackalloc byte[11];
        foreach (var (name, value) in Fields)
        {
            if (Type == BsonType.Array)
            {
                value.Write(writer, writer.ArrayItemName(scratch));
            }
            else
            {
                value.Write(writer, Names.Bytes(name));
            }
        }
    }
}

/// <summary>Field names as Latin-1 text and back.</summary>
internal static class Names
{
    public static string Of(ReadOnlySpan<byte> name) => Encoding.Latin1.GetString(name);

    public static byte[] Bytes(string name) => Encoding.Latin1.GetBytes(name);

    /// <summary>For people: the name as the text it is.</summary>
    public static string Readable(string name) => Encoding.UTF8.GetString(Bytes(name));

    /// <summary>Whether a path's part is an array index: digits without a leading zero.</summary>
    public static bool TryIndex(string part, out int index)
    {
        index = 0;
        return part.Length is > 0 and < 9
            && (part.Length == 1 || part[0] != '0')
            && part.All(char.IsAsciiDigit)
            && int.TryParse(part, out index);
    }
}

using Backup.MongoWire.Bson;
using Backup.Sandbox.Values;

namespace Backup.Sandbox.Query;

/// <summary>The order of a sort specification such as <c>{a: 1, "b.c": -1}</c>; a missing field sorts as null.</summary>
internal sealed class SortOrder : IComparer<BsonDocument>
{
    private static readonly BsonDocument Null = BsonDocument.Build(static w => w.Null(""u8));

    private readonly List<(byte[][] Path, int Direction)> _keys = [];

    public SortOrder(BsonDocument specification)
    {
        foreach (var key in specification.View)
        {
            if (!key.IsNumber || key.ToDouble() == 0)
            {
                throw CommandFault.BadValue("Sort directions are 1 and -1 in the sandbox");
            }

            _keys.Add((Path(key.Name), Math.Sign(key.ToDouble())));
        }
    }

    public int Compare(BsonDocument left, BsonDocument right)
    {
        foreach (var (path, direction) in _keys)
        {
            var order = BsonOrder.CompareValues(Key(left, path, direction), Key(right, path, direction));
            if (order != 0)
            {
                return order * direction;
            }
        }

        return 0;
    }

    /// <summary>A path as its parts.</summary>
    internal static byte[][] Path(ReadOnlySpan<byte> name) => [.. Names.Of(name).Split('.').Select(Names.Bytes)];

    /// <summary>The value at a path through documents; an element of type EndOfDocument where there is none.</summary>
    internal static BsonElement ValueAt(BsonView document, byte[][] path)
    {
        for (var i = 0; ; i++)
        {
            var value = Field(document, path[i]);
            if (i == path.Length - 1 || value.Type is not (BsonType.Document or BsonType.Array))
            {
                return i == path.Length - 1 ? value : default;
            }

            document = value.AsDocument;
        }
    }

    private static BsonElement Field(BsonView document, byte[] name)
    {
        foreach (var field in document)
        {
            if (field.NameIs(name))
            {
                return field;
            }
        }

        return default;
    }

    private static BsonElement Key(BsonDocument document, byte[][] path, int direction)
    {
        var value = ValueAt(document.View, path);
        if (value.Type == BsonType.EndOfDocument)
        {
            return Null.View.First;
        }

        if (value.Type != BsonType.Array || value.AsDocument.IsEmpty)
        {
            return value;
        }

        var best = value.AsDocument.First;
        foreach (var item in value.AsDocument)
        {
            if (BsonOrder.CompareValues(item, best) * direction < 0)
            {
                best = item;
            }
        }

        return best;
    }
}

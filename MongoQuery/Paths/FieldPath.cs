using Backup.MongoWire.Bson;

namespace Backup.MongoQuery.Paths;

/// <summary>A path such as <c>a.b.0</c>: its parts as the bytes of names.</summary>
public sealed class FieldPath
{
    /// <summary>As of a server.</summary>
    private const int MaximumDepth = 200;

    private readonly byte[][] _parts;

    private FieldPath(byte[][] parts) => _parts = parts;

    /// <summary>How many parts it has: 1 and more.</summary>
    public int Length => _parts.Length;

    internal byte[] this[int index] => _parts[index];

    /// <summary>Parts may be empty; see <see cref="HasEmptyPart"/>.</summary>
    /// <exception cref="QueryException">2600 for more than 200 parts.</exception>
    public static FieldPath Parse(ReadOnlySpan<byte> text)
    {
        var parts = new List<byte[]>();
        foreach (var range in text.Split((byte)'.'))
        {
            parts.Add(text[range].ToArray());
        }

        return parts.Count <= MaximumDepth
            ? new FieldPath([.. parts])
            : throw MongoQueryErrors.Location(40358, $"FieldPath is too long, at most {MaximumDepth} parts");
    }

    internal bool HasEmptyPart => Array.Exists(_parts, static part => part.Length == 0);

    /// <summary>Whether a part reads as a place in an array: digits without a leading zero.</summary>
    internal bool IsIndex(int at) =>
        _parts[at] is { Length: > 0 and < 9 } part
        && (part.Length == 1 || part[0] != (byte)'0')
        && Array.TrueForAll(part, static one => one is >= (byte)'0' and <= (byte)'9');

    /// <summary>The value behind documents, and arrays by position; an element of type EndOfDocument where there is none.</summary>
    public BsonElement ValueIn(BsonView document)
    {
        for (var i = 0; ; i++)
        {
            var value = document.TryGet(_parts[i], out var found) ? found : default;
            if (i == _parts.Length - 1 || value.Type is not (BsonType.Document or BsonType.Array))
            {
                return i == _parts.Length - 1 ? value : default;
            }

            document = value.AsDocument;
        }
    }

    public override string ToString() => string.Join('.', _parts.Select(System.Text.Encoding.UTF8.GetString));
}

using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Backup.MongoWire.Bson;
using Backup.Snapshots.Keys;

namespace Backup.Snapshots.Sharding;

/// <summary>
/// What a sharded collection is distributed by: <c>{a: 1, "b.c": 1}</c>, <c>{a: "hashed"}</c>, <c>{a: 1, b: "hashed"}</c>. Makes of a document the key that
/// chunks are bounded by, as bytes whose order is that of the keys.
/// </summary>
public sealed class ShardKeyPattern
{
    private static readonly BsonDocument Null = BsonDocument.Build(w => w.Null(""u8));
    private readonly List<Field> _fields = [];

    /// <param name="pattern">As <c>config.collections</c> has it.</param>
    public ShardKeyPattern(BsonDocument pattern)
    {
        Pattern = pattern;
        foreach (var field in pattern.View)
        {
            var path = field.NameText.Split('.').Select(Encoding.UTF8.GetBytes).ToArray();
            var isHashed = field.Type == BsonType.String && field.AsString == "hashed";
            _fields.Add(new Field(path, isHashed));
            IsHashed |= isHashed;
        }
    }

    public BsonDocument Pattern { get; }

    /// <summary>Whether a field of it is hashed.</summary>
    public bool IsHashed { get; }

    /// <summary>Appends the key of a document. A field that is missing counts as null.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2001 where the document is malformed.</exception>
    public void Write(BsonView document, ArrayBufferWriter<byte> output)
    {
        foreach (var field in _fields)
        {
            var value = ValueAt(document, field.Path);
            if (value.Type == BsonType.EndOfDocument)
            {
                value = Null.View.First;
            }

            if (field.IsHashed)
            {
                Hashed(value, output);
            }
            else
            {
                DocumentKey.Write(value, output);
            }
        }
    }

    /// <summary>The key that a bound of a chunk stands for: its values, in the order of the pattern's fields.</summary>
    public static byte[] BoundOf(BsonView bound)
    {
        var output = new ArrayBufferWriter<byte>(32);
        foreach (var value in bound)
        {
            DocumentKey.Write(value, output);
        }

        return output.WrittenSpan.ToArray();
    }

    private static void Hashed(BsonElement value, ArrayBufferWriter<byte> output)
    {
        // A document of one number without a name: its length, the type, the name's zero, eight bytes, its end.
        Span<byte> document = stackalloc byte[15];
        document.Clear();
        document[0] = 15;
        document[4] = (byte)BsonType.Int64;
        BinaryPrimitives.WriteInt64LittleEndian(document[6..], HashedKey.Of(value));
        DocumentKey.Write(new BsonView(document).First, output);
    }

    /// <summary>Down a dotted path; the end of a document where there is nothing.</summary>
    private static BsonElement ValueAt(BsonView document, byte[][] path)
    {
        for (var depth = 0; ; depth++)
        {
            if (!document.TryGet(path[depth], out var value))
            {
                return default;
            }

            if (depth == path.Length - 1)
            {
                return value;
            }

            if (value.Type != BsonType.Document)
            {
                return default;
            }

            document = value.AsDocument;
        }
    }

    private sealed record Field(byte[][] Path, bool IsHashed);
}

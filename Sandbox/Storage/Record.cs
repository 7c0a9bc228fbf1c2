using Backup.MongoWire.Bson;

namespace Backup.Sandbox.Storage;

/// <summary>A stored document, its <c>_id</c> at hand for comparison; never changed, only replaced.</summary>
internal sealed class Record
{
    private readonly int _idStart;
    private readonly int _idLength;
    private readonly BsonType _idType;
    private readonly sbyte _bound;

    private Record(sbyte bound) => _bound = bound;

    public Record(BsonDocument document, long position)
    {
        Document = document;
        Position = position;
        var all = document.View.GetEnumerator();
        while (all.MoveNext())
        {
            if (all.Current.NameIs("_id"u8))
            {
                _idType = all.Current.Type;
                _idStart = all.Offset + 5;
                _idLength = all.Current.Value.Length;
                return;
            }
        }

        throw CommandFault.BadValue("A document has no _id.");
    }

    /// <summary>Before and after every record, whatever its <c>_id</c>.</summary>
    public static readonly Record Lowest = new(-1);

    public static readonly Record Highest = new(1);

    /// <summary>The order of collections.</summary>
    public static readonly IComparer<Record> ById = Comparer<Record>.Create(Compare);

    public BsonDocument Document { get; }

    /// <summary>Ordinal of insertion: the natural order of capped collections.</summary>
    public long Position { get; }

    /// <summary>A record with this value as its <c>_id</c>, to look for.</summary>
    public static Record Probe(BsonElement id) => new(IdHolder(id), 0);

    /// <summary><c>{_id: value}</c></summary>
    public static BsonDocument IdHolder(BsonElement id)
    {
        using var writer = new BsonWriter();
        writer.BeginDocument().Raw("_id"u8, id.Type, id.Value).EndDocument();
        return writer.ToDocument();
    }

    public BsonDocument IdDocument()
    {
        using var writer = new BsonWriter();
        writer.BeginDocument().Raw("_id"u8, _idType, Document.Span.Slice(_idStart, _idLength)).EndDocument();
        return writer.ToDocument();
    }

    private static int Compare(Record? left, Record? right)
    {
        if (left!._bound != 0 || right!._bound != 0)
        {
            return left._bound.CompareTo(right!._bound);
        }

        return BsonOrder.CompareValues(
            left._idType,
            left.Document.Span.Slice(left._idStart, left._idLength),
            right._idType,
            right.Document.Span.Slice(right._idStart, right._idLength)
        );
    }
}

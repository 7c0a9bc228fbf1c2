using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.Oplog;
using Backup.Oplog.Catalogues;

namespace Backup.Tests.Golden;

/// <summary>The plainest target: every operation is carried out at once on documents in memory.</summary>
public sealed class MemoryTarget : IGoldenTarget
{
    private sealed record Stored(BsonDocument Document, long Ordinal);

    private readonly Dictionary<Guid, SortedDictionary<BsonDocument, Stored>> _collections = [];
    private long _ordinal;

    public void Load(CatalogueCollection collection, IReadOnlyList<BsonDocument> documents)
    {
        foreach (var document in documents)
        {
            Put(collection.Uuid, document.View, isInsert: true);
        }
    }

    public IReadOnlyList<BsonDocument> Read(CatalogueCollection collection)
    {
        var all = Of(collection.Uuid).Values;
        return collection.IsCapped
            ? [.. all.OrderBy(s => s.Ordinal).Select(s => s.Document)]
            : [.. all.Select(s => s.Document)];
    }

    public void Put(Guid collection, BsonView document, bool isInsert)
    {
        var documents = Of(collection);
        var key = KeyOf(document);
        var keeps = !isInsert && documents.ContainsKey(key);
        documents[key] = new Stored(document.ToDocument(), keeps ? documents[key].Ordinal : _ordinal++);
    }

    public void Update(Guid collection, BsonView idHolder, BsonView update, MissingDocument ifMissing, Optime at)
    {
        var documents = Of(collection);
        var key = KeyOf(idHolder);
        using var writer = new BsonWriter();
        if (documents.TryGetValue(key, out var old))
        {
            DocumentUpdate.Apply(old.Document.View, update, writer);
            documents[key] = old with { Document = writer.ToDocument() };
        }
        else if (ifMissing == MissingDocument.Upsert)
        {
            DocumentUpdate.ApplyToMissing(idHolder, update, writer);
            documents[key] = new Stored(writer.ToDocument(), _ordinal++);
        }
        else if (ifMissing == MissingDocument.Damage)
        {
            throw OplogErrors.Missing(at, collection.ToString());
        }
    }

    public void Delete(Guid collection, BsonView idHolder) => Of(collection).Remove(KeyOf(idHolder));

    public void TrimOldest(Guid collection, long maximumBytes, long maximumDocuments)
    {
        var documents = Of(collection);
        var bytes = documents.Values.Sum(s => (long)s.Document.Length);
        foreach (var (key, oldest) in documents.OrderBy(s => s.Value.Ordinal).ToList())
        {
            if (bytes <= maximumBytes && documents.Count <= maximumDocuments)
            {
                return;
            }

            documents.Remove(key);
            bytes -= oldest.Document.Length;
        }
    }

    public void Clear(Guid collection) => Of(collection).Clear();

    public void Drop(Guid collection) => _collections.Remove(collection);

    public void Dispose() => _collections.Clear();

    private SortedDictionary<BsonDocument, Stored> Of(Guid collection) =>
        _collections.TryGetValue(collection, out var known)
            ? known
            : _collections[collection] = new SortedDictionary<BsonDocument, Stored>(IdOrder.Instance);

    private static BsonDocument KeyOf(BsonView document)
    {
        using var writer = new BsonWriter();
        return writer.BeginDocument().Element(document["_id"u8]).EndDocument().ToDocument();
    }
}

/// <summary>Documents by their <c>_id</c>, as the server's index on it.</summary>
public sealed class IdOrder : IComparer<BsonDocument>
{
    public static readonly IdOrder Instance = new();

    public int Compare(BsonDocument left, BsonDocument right) =>
        BsonOrder.CompareValues(left.View["_id"u8], right.View["_id"u8]);
}

using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.Oplog;
using Backup.Oplog.Catalogues;

namespace Backup.Tests.Golden;

/// <summary>A target with a fault, to prove that the runner sees one: it passes over every hundredth update.</summary>
public sealed class ForgetfulTarget : IGoldenTarget
{
    private readonly MemoryTarget _memory = new();
    private int _updates;

    public void Load(CatalogueCollection collection, IReadOnlyList<BsonDocument> documents) =>
        _memory.Load(collection, documents);

    public IReadOnlyList<BsonDocument> Read(CatalogueCollection collection) => _memory.Read(collection);

    public void Put(Guid collection, BsonView document, bool isInsert) => _memory.Put(collection, document, isInsert);

    public void Update(Guid collection, BsonView idHolder, BsonView update, MissingDocument ifMissing, Optime at)
    {
        if (++_updates % 100 != 0)
        {
            _memory.Update(collection, idHolder, update, ifMissing, at);
        }
    }

    public void Delete(Guid collection, BsonView idHolder) => _memory.Delete(collection, idHolder);

    public void TrimOldest(Guid collection, long maximumBytes, long maximumDocuments) =>
        _memory.TrimOldest(collection, maximumBytes, maximumDocuments);

    public void Clear(Guid collection) => _memory.Clear(collection);

    public void Drop(Guid collection) => _memory.Drop(collection);

    public void Dispose() => _memory.Dispose();
}

using Backup.MongoWire.Bson;
using Backup.Oplog;
using Backup.Oplog.Catalogues;

namespace Backup.Tests.Golden;

/// <summary>What a recording is replayed onto: documents in memory, or a real head.</summary>
public interface IGoldenTarget : IOperationTarget, IDisposable
{
    /// <summary>Shows the catalogue that the replayer changes; before anything else.</summary>
    void Attach(Catalogue catalogue) { }

    /// <summary>Takes a copied collection: the state before the first entry.</summary>
    /// <param name="collection">Its place in the catalogue.</param>
    /// <param name="documents">In <c>_id</c> order; of a capped collection in natural order.</param>
    void Load(CatalogueCollection collection, IReadOnlyList<BsonDocument> documents);

    /// <summary>All documents, in <c>_id</c> order; of a capped collection in natural order.</summary>
    IReadOnlyList<BsonDocument> Read(CatalogueCollection collection);
}

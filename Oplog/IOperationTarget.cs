using Backup.Foundation;
using Backup.MongoWire.Bson;

namespace Backup.Oplog;

/// <summary>
/// What the oplog is applied to: the documents of a head. The catalogue beside it is changed by the
/// replayer itself; the target is told what that means for documents. Calls come in oplog order from one thread;
/// no span is used after the call returned.
/// </summary>
public interface IOperationTarget
{
    /// <summary>Inserts or replaces the document with this <c>_id</c>.</summary>
    void Put(Guid collection, BsonView document);

    /// <summary>
    /// Changes the document whose <c>_id</c> stands in <paramref name="idHolder"/> by <c>DocumentUpdate.Apply</c>. The document need not be at hand:
    /// the target may keep the operation and resolve it later.
    /// </summary>
    /// <param name="collection">The collection's UUID.</param>
    /// <param name="idHolder">A document with an <c>_id</c> (an entry's <c>o2</c>).</param>
    /// <param name="update">The entry's <c>o</c>: <c>$v: 1</c> modifiers or a <c>$v: 2</c> diff.</param>
    /// <param name="upsert">The entry's <c>b</c>.</param>
    /// <param name="at">Where in the oplog, for what is reported when the document is missing.</param>
    void Update(Guid collection, BsonView idHolder, BsonView update, bool upsert, Optime at);

    /// <summary>Removes the document whose <c>_id</c> stands in <paramref name="idHolder"/>; fine where there is none.</summary>
    void Delete(Guid collection, BsonView idHolder);

    /// <summary>Removes all documents; the collection stays.</summary>
    void Clear(Guid collection);

    /// <summary>Removes the collection with its documents.</summary>
    void Drop(Guid collection);
}

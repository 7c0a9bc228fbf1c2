using Backup.Foundation;
using Backup.MongoWire.Bson;

namespace Backup.Oplog;

/// <summary>What a partial update means where its document does not exist.</summary>
public enum MissingDocument
{
    /// <summary>Nothing: an initial sync is catching up, a later entry deletes or inserts the document.</summary>
    Ignore = 0,

    /// <summary>The document is made: <see cref="DocumentUpdate.ApplyToMissing"/> (the entry's <c>b</c>).</summary>
    Upsert = 1,

    /// <summary>The head is damaged: to be reported as 3009 with the entry's optime, never dropped silently.</summary>
    Damage = 2,
}

/// <summary>
/// What the oplog is applied to: the documents of a head. The catalogue beside it is changed by the
/// replayer itself; the target is told what that means for documents. Calls come in oplog order from one thread;
/// no span is used after the call returned. Every call is idempotent: replaying a stretch of the oplog twice ends in the same
/// documents.
/// </summary>
public interface IOperationTarget
{
    /// <summary>Inserts or replaces the document with this <c>_id</c>.</summary>
    /// <param name="collection">The collection's UUID.</param>
    /// <param name="document">With its <c>_id</c>, wherever in the document that stands.</param>
    /// <param name="isInsert">
    /// True for an insert: in a capped collection the document takes a new place at the end of the insertion order, even where one of
    /// that <c>_id</c> is known. False for a replacement, which keeps the place of what it replaces.
    /// </param>
    void Put(Guid collection, BsonView document, bool isInsert);

    /// <summary>
    /// Changes the document whose <c>_id</c> stands in <paramref name="idHolder"/> by <see cref="DocumentUpdate.Apply"/>. The document
    /// need not be at hand: the target may keep the operation, with the last two arguments, and resolve it later.
    /// </summary>
    /// <param name="collection">The collection's UUID.</param>
    /// <param name="idHolder">A document with an <c>_id</c> (an entry's <c>o2</c>, which may hold shard key fields as well).</param>
    /// <param name="update">The entry's <c>o</c>: <c>$v: 1</c> modifiers or a <c>$v: 2</c> diff.</param>
    /// <param name="ifMissing">What it means if there is no such document when the update is resolved.</param>
    /// <param name="at">Where in the oplog, for what is reported when the document is missing.</param>
    void Update(Guid collection, BsonView idHolder, BsonView update, MissingDocument ifMissing, Optime at);

    /// <summary>Removes the document whose <c>_id</c> stands in <paramref name="idHolder"/>; fine where there is none.</summary>
    void Delete(Guid collection, BsonView idHolder);

    /// <summary>
    /// A capped collection of a source before FCV 5.0 (later ones log these deletes): after an insert, the oldest documents are gone
    /// until the rest fits. Since such documents cannot change their size, it is the same to keep the limits and trim when reading.
    /// </summary>
    /// <param name="collection">The collection's UUID.</param>
    /// <param name="maximumBytes">Of the documents' BSON, summed up.</param>
    /// <param name="maximumDocuments">Or <see cref="long.MaxValue"/>.</param>
    void TrimOldest(Guid collection, long maximumBytes, long maximumDocuments);

    /// <summary>Whether <see cref="TrimOldest"/> was said of it, and these limits are kept for when it is read: documents that are gone would be back were they raised.</summary>
    /// <param name="collection">The collection's UUID.</param>
    bool KeepsLimits(Guid collection) => false;

    /// <summary>Removes all documents; the collection stays.</summary>
    void Clear(Guid collection);

    /// <summary>Removes the collection with its documents.</summary>
    void Drop(Guid collection);
}

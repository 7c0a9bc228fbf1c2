using Backup.MongoWire.Bson;

namespace Backup.Oplog;

/// <summary>Applies an oplog entry's partial update to a document, byte for byte as the server does.</summary>
public static class DocumentUpdate
{
    /// <summary>Writes the changed document to <paramref name="output"/> (appended as one top-level document).</summary>
    /// <param name="document">The document as it was.</param>
    /// <param name="update"><c>{$v: 1, $set…, $unset…}</c>, bare modifiers, or <c>{$v: 2, diff: …}</c>.</param>
    /// <param name="output">Receives the document.</param>
    /// <exception cref="Foundation.Errors.BackupException">2001, 3003, 3004 or 3005; the output then holds nothing usable.</exception>
    public static void Apply(BsonView document, BsonView update, BsonWriter output) =>
        throw new NotSupportedException();

    /// <summary>The upsert of a document that does not exist: as if it had been the fields of <paramref name="idHolder"/>.</summary>
    /// <param name="idHolder">The entry's <c>o2</c>: <c>_id</c> and perhaps shard key fields, which may be dotted.</param>
    /// <param name="update">As in <see cref="Apply"/>.</param>
    /// <param name="output">Receives the document, <c>_id</c> first.</param>
    public static void ApplyToMissing(BsonView idHolder, BsonView update, BsonWriter output) =>
        throw new NotSupportedException();

    /// <summary>Whether an entry's <c>o</c> is a partial update; else it is a whole document that replaces the old one.</summary>
    public static bool IsPartial(BsonView update) => !update.IsEmpty && update.First.Name is [(byte)'$', ..];
}

using Backup.MongoWire.Bson;

namespace Backup.Oplog;

/// <summary>Applies an oplog entry's partial update to a document. Rules: shared design oplog.md, as built in docs/formats.md.</summary>
public static class DocumentUpdate
{
    /// <summary>Writes the changed document to <paramref name="output"/> (appended as one top-level document).</summary>
    /// <param name="document">The document as it was.</param>
    /// <param name="update"><c>{$v: 1, $set…, $unset…}</c>, bare modifiers, or <c>{$v: 2, diff: …}</c>.</param>
    /// <param name="output">Receives the document.</param>
    public static void Apply(BsonView document, BsonView update, BsonWriter output) =>
        throw new NotSupportedException();
}

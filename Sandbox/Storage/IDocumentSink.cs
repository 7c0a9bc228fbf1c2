using Backup.Foundation;
using Backup.MongoWire.Bson;

namespace Backup.Sandbox.Storage;

/// <summary>Where the writes of a command go: into the collections and the oplog at once, or into a transaction. Under the engine's lock.</summary>
internal interface IDocumentSink
{
    /// <summary>Asked for all documents of a statement before the first of them is written.</summary>
    /// <exception cref="Transactions.HeldByTransactionException">A transaction holds one of them; to be tried again when it has ended.</exception>
    /// <exception cref="CommandFault">112: the same, for a writer that is a transaction itself.</exception>
    void CheckFree(SandboxCollection collection, IEnumerable<Record> records);

    Optime Insert(SandboxCollection collection, BsonDocument document, WriteOrigin? origin);

    /// <param name="o">What the oplog says: the whole document, modifiers or a diff.</param>
    Optime Update(SandboxCollection collection, Record old, BsonDocument document, BsonDocument o, WriteOrigin? origin);

    Optime Delete(SandboxCollection collection, Record record, WriteOrigin? origin);

    /// <summary>A collection that an insert makes by itself.</summary>
    SandboxCollection Create(string database, string name);
}

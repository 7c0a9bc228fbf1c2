using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;

namespace Backup.Metadata.Mongo;

/// <summary>Commands by themselves, outside of any transaction: each is durable on a majority when it is back.</summary>
internal sealed class MongoCommands(MongoDatabase database, CancellationToken cancellation)
{
    private const int DuplicateKey = 11000;

    /// <summary>The document with that <c>_id</c>.</summary>
    internal async Task<BsonDocument?> FindAsync(Collection collection, string id) =>
        await ReadAsync(Doc.Of(("find", collection.Name), ("filter", Doc.Id(id)), ("limit", 1))) is [var found]
            ? found
            : null;

    internal Task<List<BsonDocument>> ReadAsync(BsonDocument command) =>
        new LoneReads(database.Client, database.Name, cancellation).ReadAsync(command);

    internal Task InsertAsync(Collection collection, IReadOnlyList<BsonDocument> documents) =>
        RunAsync(Doc.Of(("insert", collection.Name), ("documents", documents)));

    /// <returns>False where one with that id is there.</returns>
    internal async Task<bool> AddAsync(Collection collection, BsonDocument document) =>
        await RunAsync(Doc.Of(("insert", collection.Name), ("documents", new[] { document })), DuplicateKey)
            is not null;

    /// <summary>The document stands in the place of the one with its <c>_id</c>, or is added.</summary>
    internal Task PutAsync(Collection collection, BsonDocument document)
    {
        var statement = Doc.Of(("q", Doc.Of(("_id", new RawId(document)))), ("u", document), ("upsert", true));
        return RunAsync(Doc.Of(("update", collection.Name), ("updates", new[] { statement })));
    }

    /// <returns>Whether there was one.</returns>
    internal async Task<bool> UpdateAsync(Collection collection, BsonDocument filter, BsonDocument change)
    {
        var statement = Doc.Of(("q", filter), ("u", change));
        var reply = await RunAsync(Doc.Of(("update", collection.Name), ("updates", new[] { statement })));
        return reply!.Value.View["n"u8].ToInt64() > 0;
    }

    internal Task DeleteAsync(Collection collection, BsonDocument filter) =>
        RunAsync(Doc.Of(("delete", collection.Name), ("deletes", new[] { Doc.Of(("q", filter), ("limit", 1)) })));

    /// <param name="command">For example <c>{create: "jobs"}</c>.</param>
    /// <param name="harmless">The error that says that it was done before: null is given then.</param>
    internal async Task<BsonDocument?> RunAsync(BsonDocument command, int harmless = 0)
    {
        try
        {
            using var reply = await database.Client.RunCommandAsync(
                database.Name,
                Doc.Both(command, Doc.Of(("writeConcern", Doc.Of(("w", "majority"), ("wtimeout", 60_000))))),
                ReadTarget.Primary,
                cancellation
            );
            Transaction.ThrowIfRefused(reply.View, command);
            return reply.View.ToDocument();
        }
        catch (CommandException refused) when (harmless != 0 && refused.ServerCode == harmless)
        {
            return null;
        }
    }
}

using Backup.Foundation.Errors;
using Backup.Metadata.Mongo.Documents;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;

namespace Backup.Metadata.Mongo.Transactions;

/// <summary>Carries commands to the database.</summary>
internal interface IChannel
{
    /// <summary>A command that answers one document, which is the caller's.</summary>
    Task<BsonDocument> RunAsync(BsonDocument command);

    /// <summary>A command that answers a cursor: every document of it, copied.</summary>
    Task<List<BsonDocument>> ReadAsync(BsonDocument command);

    /// <summary>A command that answers a cursor: its documents, copied, one after another, so that there may be more than fit into memory.</summary>
    /// <param name="take">Called for those of one batch before the next one is asked for.</param>
    Task EachAsync(BsonDocument command, Action<BsonDocument> take);
}

/// <summary>Reads outside of a transaction: what a majority has, from the primary, so that what was written before is seen.</summary>
internal sealed class LoneReads(MongoClient client, string database, CancellationToken cancellation) : IChannel
{
    private const int Tries = 3;

    public Task<BsonDocument> RunAsync(BsonDocument command) =>
        throw new InvalidOperationException("Nothing is written outside of a transaction.");

    public Task EachAsync(BsonDocument command, Action<BsonDocument> take) =>
        throw new InvalidOperationException("What is read bit by bit is read as of one moment.");

    public async Task<List<BsonDocument>> ReadAsync(BsonDocument command)
    {
        var majority = Doc.Both(command, Doc.Of(("readConcern", Doc.Of(("level", "majority")))));
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await ReadOnceAsync(majority);
            }
            catch (BackupException failure) when (attempt < Tries && IsLostUnderWay(failure))
            {
                // Its first batch is asked for again by the client; a later one is of a cursor that went with its server.
            }
        }
    }

    private static bool IsLostUnderWay(BackupException failure) =>
        failure.Number != MongoWire.MongoWireErrors.NoSuitableServer
        && (failure.IsTransient || failure is CommandException { ServerCode: ServerErrors.CursorNotFound });

    private async Task<List<BsonDocument>> ReadOnceAsync(BsonDocument command)
    {
        var found = new List<BsonDocument>();
        await using var cursor = await client.OpenCursorAsync(
            database,
            command,
            ReadTarget.Primary,
            new CursorOptions(),
            cancellation
        );
        while (await cursor.NextBatchAsync(cancellation) is { } batch)
        {
            using (batch)
            {
                foreach (var document in batch)
                {
                    found.Add(document.View.ToDocument());
                }
            }
        }

        return found;
    }
}

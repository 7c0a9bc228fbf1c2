using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;

namespace Backup.Tests.Blockstore.Mongo;

/// <summary>A store's database, looked at and changed behind the store's back.</summary>
internal sealed class RawDatabase(MongoClient client, string database)
{
    internal Task<BsonDocument> RunAsync(
        string command,
        string argument,
        string collection,
        Action<BsonWriter> query,
        Action<BsonWriter>? set = null
    ) =>
        RunAsync(w =>
        {
            w.String(System.Text.Encoding.UTF8.GetBytes(command), collection);
            w.BeginArray(System.Text.Encoding.UTF8.GetBytes(argument)).BeginDocument("0"u8).BeginDocument("q"u8);
            query(w);
            w.EndDocument();
            if (set is null)
            {
                w.Int32("limit"u8, 1);
            }
            else
            {
                w.BeginDocument("u"u8).BeginDocument("$set"u8);
                set(w);
                w.EndDocument().EndDocument();
            }

            w.EndDocument().EndArray();
        });

    internal async Task<BsonDocument> FindAsync(string collection, Action<BsonWriter> query)
    {
        var reply = await RunAsync(w =>
        {
            w.String("find"u8, collection).BeginDocument("filter"u8);
            query(w);
            w.EndDocument().Int32("limit"u8, 1).Boolean("singleBatch"u8, true);
        });
        return reply.View["cursor"u8].AsDocument["firstBatch"u8].AsDocument.First.AsDocument.ToDocument();
    }

    internal async Task<byte[]> DataAsync(string collection, Action<BsonWriter> query) =>
        (await FindAsync(collection, query)).View["data"u8].AsBinary.ToArray();

    internal async Task<string> FieldsAsync(string collection, Action<BsonWriter> query)
    {
        var fields = new List<string>();
        foreach (var field in (await FindAsync(collection, query)).View)
        {
            fields.Add($"{field.NameText}:{field.Type}");
        }

        return string.Join(' ', fields);
    }

    internal async Task<long> CountAsync(string collection)
    {
        var reply = await RunAsync(w => w.String("count"u8, collection));
        return reply.View["n"u8].ToInt64();
    }

    internal async Task<BsonDocument> RunAsync(Action<BsonWriter> command)
    {
        using var reply = await client.RunCommandAsync(
            database,
            BsonDocument.Build(command),
            ReadTarget.Primary,
            CancellationToken.None
        );
        return reply.View.ToDocument();
    }
}

using System.Text;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Protocol;

namespace Backup.Blockstore.Mongo;

/// <summary>
/// Reads and writes the collections of one database. Every write is durable with a majority when it is back, and is sent again while that may help:
/// so each must be as good twice as once. Thread-safe.
/// </summary>
internal sealed class MongoTalk(MongoClient client, MongoStoreOptions options)
{
    /// <summary>Of the data of one document, so that its other fields have room. Bytes.</summary>
    internal const int LargestData = WireLimits.MaxDocumentLength - (64 * 1024);

    private const int DuplicateKey = 11000;
    private const int UnknownWriteConcern = 79;
    private const int UnsatisfiableWriteConcern = 100;
    private const int NamespaceExists = 48;
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    internal TimeProvider Time => options.Sharing.Time;

    /// <summary>Of a collection, for people.</summary>
    internal string NameOf(string collection) => $"{options.Database}.{collection}";

    /// <summary>A reply of the primary; the caller disposes it.</summary>
    internal Task<CommandReply> ReadAsync(BsonDocument command, CancellationToken cancellation) =>
        RetryAsync(
            () => client.RunCommandAsync(options.Database, command, ReadTarget.Primary, cancellation),
            cancellation
        );

    /// <summary>The documents of a reply's first batch, which must be all of them.</summary>
    internal async Task<List<T>> FindAsync<T>(
        BsonDocument command,
        Func<BsonView, T> read,
        CancellationToken cancellation
    )
    {
        using var reply = await ReadAsync(command, cancellation);
        var found = new List<T>();
        foreach (var item in reply.View["cursor"u8].AsDocument["firstBatch"u8].AsDocument)
        {
            found.Add(read(item.AsDocument));
        }

        return found;
    }

    /// <summary>Inserts documents beside each other.</summary>
    /// <returns>The positions of those that were there already, by their <c>_id</c>.</returns>
    internal async Task<List<int>> InsertAsync(
        string collection,
        ReadOnlyMemory<byte> documents,
        CancellationToken cancellation
    ) => (await WriteAsync("insert", collection, "documents", documents, cancellation)).Duplicates;

    /// <returns>How many documents were found (or made, where the statement makes them).</returns>
    internal async Task<int> UpdateAsync(
        string collection,
        ReadOnlyMemory<byte> statements,
        CancellationToken cancellation
    ) => (await WriteAsync("update", collection, "updates", statements, cancellation)).Count;

    /// <returns>How many were removed by the last try: fewer than there were, where an answer was lost.</returns>
    internal async Task<int> DeleteAsync(
        string collection,
        ReadOnlyMemory<byte> statements,
        CancellationToken cancellation
    ) => (await WriteAsync("delete", collection, "deletes", statements, cancellation)).Count;

    /// <summary>Makes a collection; on a cluster it is sharded by hashed <c>_id</c> where the options say so. It may be there.</summary>
    internal async Task MakeAsync(string collection, bool isSharded, CancellationToken cancellation)
    {
        await RunAsync(options.Database, w => Concern(w.String("create"u8, collection)), cancellation, NamespaceExists);
        if (isSharded && options.ShardsByHash && client.Topology.Type == TopologyType.Sharded)
        {
            await RunAsync("admin", w => w.String("enableSharding"u8, options.Database), cancellation);
            await RunAsync(
                "admin",
                w =>
                    w.String("shardCollection"u8, NameOf(collection))
                        .BeginDocument("key"u8)
                        .String("_id"u8, "hashed")
                        .EndDocument(),
                cancellation
            );
        }
    }

    /// <summary>Waits for the deployment, so that what it is is known.</summary>
    internal Task ReachAsync(CancellationToken cancellation) =>
        RetryAsync(() => client.SelectAsync(ReadTarget.Primary, cancellation), cancellation);

    /// <summary>The server's clock.</summary>
    internal async Task<DateTimeOffset> NowAsync(CancellationToken cancellation)
    {
        var hello = BsonDocument.Build(static w => w.Int32("isMaster"u8, 1));
        using var reply = await ReadAsync(hello, cancellation);
        return DateTimeOffset.FromUnixTimeMilliseconds(reply.View["localTime"u8].AsDateTime);
    }

    private async Task RunAsync(
        string database,
        Action<BsonWriter> command,
        CancellationToken cancellation,
        int fineCode = 0
    )
    {
        try
        {
            using var reply = await RetryAsync(
                () => client.RunCommandAsync(database, BsonDocument.Build(command), ReadTarget.Primary, cancellation),
                cancellation
            );
        }
        catch (CommandException there) when (fineCode != 0 && there.ServerCode == fineCode)
        {
            // As wanted.
        }
    }

    private static void Concern(BsonWriter writer) =>
        writer.BeginDocument("writeConcern"u8).String("w"u8, "majority").Boolean("j"u8, true).EndDocument();

    private async Task<WriteResult> WriteAsync(
        string name,
        string collection,
        string argument,
        ReadOnlyMemory<byte> documents,
        CancellationToken cancellation
    )
    {
        var command = BsonDocument.Build(w =>
            Concern(w.String(Encoding.UTF8.GetBytes(name), collection).Boolean("ordered"u8, false))
        );
        return await RetryAsync(
            async () =>
            {
                using var reply = await client.RunCommandAsync(
                    options.Database,
                    command,
                    [new DocumentSequence(argument, documents)],
                    ReadTarget.Primary,
                    cancellation
                );
                return ResultOf(collection, reply.View);
            },
            cancellation
        );
    }

    private WriteResult ResultOf(string collection, BsonView reply)
    {
        var duplicates = new List<int>();
        if (reply.TryGet("writeErrors"u8, out var errors))
        {
            foreach (var item in errors.AsDocument)
            {
                var error = item.AsDocument;
                var code = CodeOf(error);
                if (code != DuplicateKey)
                {
                    throw Refused(collection, error, code, ServerErrors.IsTransient(code));
                }

                duplicates.Add((int)error["index"u8].ToInt64());
            }
        }

        if (reply.TryGet("writeConcernError"u8, out var late))
        {
            // It is written, and no majority has it yet: it is sent again until one has.
            var error = late.AsDocument;
            var code = CodeOf(error);
            throw Refused(collection, error, code, code is not (UnknownWriteConcern or UnsatisfiableWriteConcern));
        }

        return new WriteResult((int)reply["n"u8].ToInt64(), duplicates);
    }

    private static int CodeOf(BsonView error) =>
        error.TryGet("code"u8, out var code) && code.IsNumber ? (int)code.ToInt64() : 0;

    private BackupException Refused(string collection, BsonView error, int code, bool transient)
    {
        var said = error.TryGet("errmsg"u8, out var message) && message.Type == BsonType.String ? message.AsString : "";
        return BlockstoreErrors.Refused(NameOf(collection), $"{said} (code {code})", transient);
    }

    private async Task<T> RetryAsync<T>(Func<Task<T>> run, CancellationToken cancellation)
    {
        var started = Time.GetTimestamp();
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await run();
            }
            catch (BackupException failure)
                when (IsWorthATry(failure) && Time.GetElapsedTime(started) < options.GiveUpAfter)
            {
                var pause = TimeSpan.FromMilliseconds(50 * (1 << Math.Min(attempt, 6)));
                pause = pause < LongestPause ? pause : LongestPause;
                await Task.Delay(pause * (0.5 + (Random.Shared.NextDouble() / 2)), Time, cancellation);
            }
        }
    }

    /// <summary>A router has no primary of a shard at hand, or its table of chunks was old, too.</summary>
    private static bool IsWorthATry(BackupException failure) =>
        failure.IsTransient || failure is CommandException { ServerCode: 133 or 63 or 13388 or 112 };

    private readonly record struct WriteResult(int Count, List<int> Duplicates);
}

using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;

namespace Backup.Daemon.Targets;

/// <summary>The commands of a restore. Those that change something are safe to repeat, and are repeated while the target changes its mind about who leads.</summary>
internal sealed class TargetCommands(RestoreTarget target, TimeProvider time)
{
    private const int Attempts = 30;
    private const int NamespaceNotFound = 26;
    private const int LockBusy = 46;
    private const int NamespaceExists = 48;
    private const int ConflictingOperation = 117;
    private const int BackgroundOperation = 12586;

    internal bool IsCluster => target.IsCluster;

    /// <param name="what">For the error that it may end with.</param>
    /// <exception cref="BackupException">9031.</exception>
    internal async Task<BsonDocument> RunAsync(
        string what,
        string database,
        Action<BsonWriter> command,
        CancellationToken cancellation
    )
    {
        var built = BsonDocument.Build(command);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                using var reply = await target.Patient.RunCommandAsync(
                    database,
                    built,
                    ReadTarget.Primary,
                    cancellation
                );
                return reply.View.ToDocument();
            }
            catch (BackupException failure) when (attempt < Attempts && MayPass(failure))
            {
                await Task.Delay(TimeSpan.FromSeconds(Math.Min(attempt * 0.2, 5)), time, cancellation);
            }
            catch (BackupException failure)
            {
                throw DaemonErrors.Refused(what, failure);
            }
        }
    }

    /// <summary>Names and types of a database's collections and views.</summary>
    internal async Task<Dictionary<string, string>> NamesAsync(string database, CancellationToken cancellation)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        await foreach (
            var one in QueryAsync(
                database,
                w => w.Int32("listCollections"u8, 1).Boolean("nameOnly"u8, true),
                cancellation
            )
        )
        {
            names[one.View["name"u8].AsString] = one.View.TryGet("type"u8, out var type) ? type.AsString : "collection";
        }

        return names;
    }

    /// <summary>The options of a collection, as it was made with them or modified since.</summary>
    internal async Task<BsonDocument> OptionsAsync(string database, string collection, CancellationToken cancellation)
    {
        await foreach (
            var one in QueryAsync(
                database,
                w =>
                    w.Int32("listCollections"u8, 1)
                        .BeginDocument("filter"u8)
                        .String("name"u8, collection)
                        .EndDocument(),
                cancellation
            )
        )
        {
            return one.View.TryGet("options"u8, out var options) ? options.AsDocument.ToDocument() : BsonDocument.Empty;
        }

        return BsonDocument.Empty;
    }

    /// <summary>The indexes of a collection that is there.</summary>
    internal IAsyncEnumerable<BsonDocument> IndexesAsync(
        string database,
        string collection,
        CancellationToken cancellation
    ) => QueryAsync(database, w => w.String("listIndexes"u8, collection), cancellation);

    internal async Task<bool> IsEmptyAsync(string database, string collection, CancellationToken cancellation)
    {
        await foreach (
            var _ in QueryAsync(
                database,
                w => w.String("find"u8, collection).Int32("limit"u8, 1).Boolean("singleBatch"u8, true),
                cancellation
            )
        )
        {
            return false;
        }

        return true;
    }

    /// <summary>Counted by reading where a cluster is asked, whose own number takes documents that are being moved for two.</summary>
    internal async Task<long> CountAsync(string database, string collection, CancellationToken cancellation)
    {
        if (!IsCluster)
        {
            var reply = await RunAsync(
                $"counting '{database}.{collection}'",
                database,
                w => w.String("count"u8, collection),
                cancellation
            );
            return reply.View["n"u8].ToInt64();
        }

        await foreach (
            var one in QueryAsync(
                database,
                w =>
                    w.String("aggregate"u8, collection)
                        .Raw("pipeline"u8, BsonType.Array, CountPipeline.Span)
                        .Document("cursor"u8, BsonDocument.Empty),
                cancellation
            )
        )
        {
            return one.View["n"u8].ToInt64();
        }

        return 0;
    }

    internal async Task DropAsync(string database, string collection, CancellationToken cancellation)
    {
        try
        {
            await RunAsync(
                $"dropping '{database}.{collection}'",
                database,
                w => w.String("drop"u8, collection),
                cancellation
            );
        }
        catch (BackupException failure) when (CodeOf(failure) == NamespaceNotFound)
        {
            // A repeated drop, or somebody else's.
        }
    }

    internal async Task CreateAsync(
        string database,
        string name,
        Action<BsonWriter> options,
        CancellationToken cancellation
    )
    {
        try
        {
            await RunAsync(
                $"creating '{database}.{name}'",
                database,
                w =>
                {
                    w.String("create"u8, name);
                    options(w);
                },
                cancellation
            );
        }
        catch (BackupException failure) when (CodeOf(failure) == NamespaceExists)
        {
            // A repeated create: the namespace was not there when it was first sent.
        }
    }

    internal async IAsyncEnumerable<BsonDocument> QueryAsync(
        string database,
        Action<BsonWriter> command,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation
    )
    {
        await using var cursor = await target.Patient.OpenCursorAsync(
            database,
            BsonDocument.Build(command),
            ReadTarget.Primary,
            new CursorOptions(),
            cancellation
        );
        while (await cursor.NextBatchAsync(cancellation) is { } batch)
        {
            using (batch)
            {
                foreach (var one in batch)
                {
                    yield return one.View.ToDocument();
                }
            }
        }
    }

    internal static int CodeOf(BackupException failure) =>
        failure is CommandException refused ? refused.ServerCode
        : failure.InnerException is CommandException inner ? inner.ServerCode
        : 0;

    private static BsonDocument CountPipeline { get; } =
        BsonDocument.Build(w =>
            w.BeginDocument("0"u8)
                .BeginDocument("$group"u8)
                .Null("_id"u8)
                .BeginDocument("n"u8)
                .Int32("$sum"u8, 1)
                .EndDocument()
                .EndDocument()
                .EndDocument()
        );

    private static bool MayPass(BackupException failure) =>
        failure.IsTransient || CodeOf(failure) is LockBusy or ConflictingOperation or BackgroundOperation;
}

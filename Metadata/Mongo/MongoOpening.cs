using Backup.Foundation.Errors;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;

namespace Backup.Metadata.Mongo;

/// <summary>
/// Makes a database ready: its collections and indexes, its version. Several processes may do so at the same time: what makes something does nothing where it
/// is there, and of those that would bring an older schema up to date one does, under a lock, and the others wait.
/// </summary>
internal sealed class MongoOpening(MongoDatabase database, MongoMetadataOptions options, CancellationToken cancellation)
{
    private const int NamespaceExists = 48;
    private const int Together = 4;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly MongoCommands _commands = new(database, cancellation);
    private readonly string _owner = Guid.NewGuid().ToString("N");

    private int Known => options.Migrations.Count + 1;

    /// <summary>An older one is brought to it; those after it wait until the upgrade is finished.</summary>
    private int Wanted => Known - options.Waiting;

    /// <param name="isImport">Whoever opens it fills it anew: what is there need not be whole.</param>
    /// <exception cref="BackupException">6002 of a newer release, 6006 not ours, 6306 the lock is not given up, 6337 an import was broken off, 6300 to 6302.</exception>
    internal async Task PrepareAsync(bool isImport = false)
    {
        try
        {
            var version = await VersionAsync();
            if (version is null)
            {
                await CreateAsync();
                version = await VersionAsync();
            }

            if (!isImport && await FindAsync(MongoSchema.Import) is not null)
            {
                throw MetadataErrors.ImportBrokenOff(database.Name);
            }

            if (version < Wanted)
            {
                await MigrateAsync();
            }
            else
            {
                await MakeMissingAsync();
            }
        }
        catch (BackupException failure) when (MongoFailures.IsForeign(failure))
        {
            throw MongoFailures.Translate(database.Name, failure);
        }
    }

    /// <returns>Null where the database says nothing.</returns>
    private async Task<long?> VersionAsync()
    {
        var found = await FindAsync(MongoSchema.Version);
        if (found is not { } schema)
        {
            return null;
        }

        if (
            !schema.View.TryGet("application"u8, out var whose)
            || whose.Type != BsonType.String
            || whose.AsString != MongoSchema.Application
        )
        {
            throw MetadataErrors.ForeignMongo(database.Name);
        }

        var version = schema.View["version"u8].ToInt64();
        return version <= Known ? version : throw MetadataErrors.Newer(database.Name, version, Known);
    }

    private async Task CreateAsync()
    {
        // One that was left off in its making has nothing but what is ours.
        var ours = MongoSchema.All.Select(static collection => collection.Name).ToHashSet(StringComparer.Ordinal);
        var there = await ReadAsync(Doc.Of(("listCollections", 1), ("nameOnly", true)));
        if (there.Exists(one => one.View["name"u8].AsString is var name && !IsOfServer(name) && !ours.Contains(name)))
        {
            throw MetadataErrors.ForeignMongo(database.Name);
        }

        await MakeCollectionsAsync();
        await AddAsync(Doc.Id(MongoSchema.Clock));
        await AddAsync(
            Doc.Of(
                ("_id", MongoSchema.Version),
                ("application", MongoSchema.Application),
                ("version", (long)Known),
                ("createdAt", options.Time.GetUtcNow())
            )
        );
    }

    private static bool IsOfServer(string name) => name.StartsWith("system.", StringComparison.Ordinal);

    /// <summary>
    /// A collection that only this release has needs no version of the schema: the release before does not look at it, and both work side by side. It has to be there
    /// before it is written to, since a transaction cannot make it.
    /// </summary>
    private async Task MakeMissingAsync()
    {
        var listed = await ReadAsync(Doc.Of(("listCollections", 1), ("nameOnly", true)));
        var there = listed.Select(static one => one.View["name"u8].AsString).ToHashSet(StringComparer.Ordinal);
        await MakeAsync(MongoSchema.All.Where(one => !there.Contains(one.Name)));
    }

    /// <summary>Makes what is missing, indexes of collections that are there among it.</summary>
    internal Task MakeCollectionsAsync() => MakeAsync(MongoSchema.All);

    private Task MakeAsync(IEnumerable<Collection> collections) =>
        Parallel.ForEachAsync(
            collections,
            new ParallelOptions { MaxDegreeOfParallelism = Together, CancellationToken = cancellation },
            async (collection, _) =>
            {
                // Making an index makes its collection.
                if (collection.Indexes.Count > 0)
                {
                    var specs = collection.Indexes.Select(static index => index.Spec());
                    await _commands.RunAsync(Doc.Of(("createIndexes", collection.Name), ("indexes", specs)));
                }
                else
                {
                    await _commands.RunAsync(Doc.Of(("create", collection.Name)), NamespaceExists);
                }
            }
        );

    private async Task MigrateAsync()
    {
        if (!await LockAsync())
        {
            return;
        }

        using var lost = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var beating = BeatAsync(lost);
        try
        {
            while (await VersionAsync() is { } version && version < Wanted)
            {
                lost.Token.ThrowIfCancellationRequested();
                await MakeCollectionsAsync();
                await options.Migrations[(int)version - 1](database, lost.Token);
                await UpdateAsync(
                    Doc.Of(("_id", MongoSchema.Version), ("version", version)),
                    Doc.Set(("version", version + 1))
                );
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw MetadataErrors.MigrationHeld(database.Name);
        }
        finally
        {
            await lost.CancelAsync();
            await beating;
        }

        await _commands.DeleteAsync(MongoSchema.Meta, Doc.Of(("_id", MongoSchema.Lock), ("owner", _owner)));
    }

    /// <returns>False where another process has brought the schema up to date meanwhile.</returns>
    private async Task<bool> LockAsync()
    {
        var started = options.Clock.GetTimestamp();
        var (seen, since) = ((Owner: "", Beats: -1L), started);
        while (await VersionAsync() < Wanted)
        {
            if (await AddAsync(Doc.Of(("_id", MongoSchema.Lock), ("owner", _owner), ("beats", 0L))))
            {
                return true;
            }

            if (await FindAsync(MongoSchema.Lock) is { } held)
            {
                var now = (Owner: held.View["owner"u8].AsString, Beats: held.View["beats"u8].ToInt64());
                if (now != seen)
                {
                    (seen, since) = (now, options.Clock.GetTimestamp());
                }
                else if (
                    // No wall clock is asked: who sees it stand still sees a dead holder.
                    options.Clock.GetElapsedTime(since) > options.MigrationSilence
                    && await UpdateAsync(
                        Doc.Of(("_id", MongoSchema.Lock), ("owner", seen.Owner), ("beats", seen.Beats)),
                        Doc.Set(("owner", _owner), ("beats", 0L))
                    )
                )
                {
                    return true;
                }
            }

            if (options.Clock.GetElapsedTime(started) > options.MigrationWait)
            {
                throw MetadataErrors.MigrationHeld(database.Name);
            }

            await Task.Delay(Pause, options.Clock, cancellation);
        }

        return false;
    }

    /// <summary>Shows that the holder of the lock lives; where it is another one's, or cannot be renewed, what is under way is given up.</summary>
    private async Task BeatAsync(CancellationTokenSource lost)
    {
        try
        {
            while (true)
            {
                await Task.Delay(options.MigrationSilence / 5, options.Clock, lost.Token);
                var mine = Doc.Of(("_id", MongoSchema.Lock), ("owner", _owner));
                if (!await UpdateAsync(mine, Doc.Add("beats", 1)))
                {
                    await lost.CancelAsync();
                }
            }
        }
        catch (BackupException)
        {
            await lost.CancelAsync();
        }
        catch (OperationCanceledException)
        {
            // It is over.
        }
    }

    private Task<BsonDocument?> FindAsync(string id) => _commands.FindAsync(MongoSchema.Meta, id);

    private Task<bool> AddAsync(BsonDocument document) => _commands.AddAsync(MongoSchema.Meta, document);

    private Task<bool> UpdateAsync(BsonDocument filter, BsonDocument change) =>
        _commands.UpdateAsync(MongoSchema.Meta, filter, change);

    private async Task<List<BsonDocument>> ReadAsync(BsonDocument command)
    {
        var found = new List<BsonDocument>();
        await using var cursor = await database.Client.OpenCursorAsync(
            database.Name,
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

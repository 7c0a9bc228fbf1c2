using Backup.Foundation.Errors;
using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.Metadata.Sqlite;
using Backup.MongoWire.Bson;
using Microsoft.Data.Sqlite;

namespace Backup.Metadata.Mongo.Exports;

/// <summary>
/// Fills a database with the catalogue of a file. From its first change to its last one the database says that an import is under way, and nobody opens it: killed in its midst, it is begun anew.
/// </summary>
/// <param name="database">With its collections made.</param>
/// <param name="options">How long others have to be silent.</param>
internal sealed class MongoImport(MongoDatabase database, MongoMetadataOptions options, CancellationToken cancellation)
{
    private const int NamespaceNotFound = 26;
    private const int MostTogether = 1000;
    private const int MostBytesTogether = 8 << 20;

    /// <summary>What an appliance that was only started once does not have.</summary>
    private static readonly Collection[] Holdings =
    [
        PeopleCollections.Users,
        SnapshotCollections.Snapshots,
        DeploymentCollections.Policies,
        AccessCollections.GroupKeys,
        SyncCollections.Syncs,
    ];

    private readonly MongoCommands _commands = new(database, cancellation);

    /// <param name="staged">The file's path.</param>
    /// <param name="replace">Also where there is a catalogue that is not empty.</param>
    /// <exception cref="BackupException">6335 where there is one, 6336 where others work on it.</exception>
    internal async Task RunAsync(string staged, bool replace)
    {
        var isBroken = await _commands.FindAsync(MongoSchema.Meta, MongoSchema.Import) is not null;
        if (!replace && (isBroken || await HasHoldingsAsync()))
        {
            throw MetadataErrors.CatalogueThere($"database '{database.Name}'");
        }

        await RequireSilenceAsync();
        await _commands.PutAsync(
            MongoSchema.Meta,
            Doc.Of(("_id", MongoSchema.Import), ("at", options.Time.GetUtcNow()))
        );
        using var connection = SqliteReplacement.Connect(staged);
        await EmptyAsync();
        await new MongoOpening(database, options, cancellation).MakeCollectionsAsync();
        await FillAsync(connection);
        // What is imported may be sealed: no process of the release before opens it.
        await _commands.UpdateAsync(
            MongoSchema.Meta,
            Doc.Id(MongoSchema.Version),
            Doc.Set(("version", options.Migrations.Count + 1L))
        );
        await _commands.DeleteAsync(MongoSchema.Meta, Doc.Id(MongoSchema.Import));
    }

    private async Task<bool> HasHoldingsAsync()
    {
        foreach (var collection in Holdings)
        {
            if (await _commands.ReadAsync(Doc.Of(("find", collection.Name), ("limit", 1))) is [_])
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Nobody's clock is asked: who writes within that time is at work. A daemon does so every few seconds.</summary>
    private async Task RequireSilenceAsync()
    {
        var before = await SignsAsync();
        await Task.Delay(options.MigrationSilence, options.Clock, cancellation);
        if (!before.SequenceEqual(await SignsAsync()))
        {
            throw MetadataErrors.CatalogueInUse($"in the database '{database.Name}'");
        }
    }

    private async Task<List<BsonDocument>> SignsAsync()
    {
        var signs = new List<BsonDocument>();
        foreach (
            var collection in new Collection[]
            {
                MongoSchema.Meta,
                MongoSchema.Signals,
                DaemonCollections.Daemons,
                RequestCollections.Instances,
            }
        )
        {
            signs.AddRange(await _commands.ReadAsync(Doc.Of(("find", collection.Name), ("sort", Doc.Of(("_id", 1))))));
        }

        return signs;
    }

    private async Task EmptyAsync()
    {
        foreach (var collection in MongoSchema.All.Where(static one => one != MongoSchema.Meta))
        {
            await _commands.RunAsync(Doc.Of(("drop", collection.Name)), NamespaceNotFound);
        }
    }

    private async Task FillAsync(SqliteConnection staged)
    {
        var counters = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var map in TableMaps.Plain)
        {
            var number = 0L;
            await InsertAsync(
                map.Collection,
                SqliteExport
                    .Rows(staged, map.Table, map.Names)
                    .Select(row =>
                        map.IsNumbered
                            ? map.Document(row, (DeploymentCollections.Ordinal, ++number))
                            : map.Document(row)
                    )
            );
            if (map.IsNumbered)
            {
                counters[map.Collection.Name] = number;
            }
        }

        await InsertAsync(SyncCollections.Syncs, SyncTables.Documents(staged));
        await InsertAsync(SyncCollections.Catalogues, SyncTables.Parts(staged));
        await InsertAsync(MonitoringCollections.Due, DueSpans(staged));
        await InsertAsync(
            DaemonCollections.StoreSessions,
            SqliteExport
                .Rows(staged, TableMaps.RevokedSessions.Table, TableMaps.RevokedSessions.Names)
                .Select(static row => TableMaps.RevokedSessions.Document(row, ("revoked", true)))
        );
        foreach (var map in new[] { TableMaps.HeadLeases, TableMaps.HeadReports })
        {
            await InsertAsync(
                map.Collection,
                SqliteExport.Rows(staged, map.Table, map.Names).Select(row => map.Document(row))
            );
        }

        var names = MongoExport.Counted().ToDictionary(static one => one.Value, static one => one.Key);
        foreach (var row in SqliteExport.Rows(staged, SqliteExport.Sequences, ["name", "seq"]))
        {
            if (names.TryGetValue((string)row[0]!, out var name))
            {
                counters[name] = (long)row[1]!;
            }
        }

        await InsertAsync(
            MongoSchema.Counters,
            counters.Select(static one => Doc.Of(("_id", one.Key), ("last", one.Value)))
        );
    }

    private static IEnumerable<BsonDocument> DueSpans(SqliteConnection staged) =>
        SqliteExport
            .Rows(staged, TableMaps.DueSpans.Table, TableMaps.DueSpans.Names)
            .Select(static row =>
            {
                var due = MonitoringCollections.Due.Read(TableMaps.DueSpans.Document(row));
                return TableMaps.DueSpans.Document(row, (MonitoringCollections.To, due.From.AddMinutes(due.Minutes)));
            });

    private async Task InsertAsync(Collection collection, IEnumerable<BsonDocument> documents)
    {
        var (together, bytes) = (new List<BsonDocument>(), 0);
        foreach (var document in documents)
        {
            if (together.Count == MostTogether || (together.Count > 0 && bytes + document.Length > MostBytesTogether))
            {
                await _commands.InsertAsync(collection, together);
                together.Clear();
                bytes = 0;
            }

            together.Add(document);
            bytes += document.Length;
        }

        if (together.Count > 0)
        {
            await _commands.InsertAsync(collection, together);
        }
    }
}

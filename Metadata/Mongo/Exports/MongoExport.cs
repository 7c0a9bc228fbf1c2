using Backup.Metadata.Exports;
using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Documents;
using Backup.Metadata.Mongo.Transactions;
using Backup.Metadata.Sqlite;
using Backup.MongoWire.Bson;

namespace Backup.Metadata.Mongo.Exports;

/// <summary>
/// Every record as of one moment, as the rows of a file would have it. One transaction reads it all: the server keeps what it shows for as long as it lets a transaction go on (60 s, as it
/// comes).
/// </summary>
internal static class MongoExport
{
    private static readonly BsonDocument ByOrdinal = Doc.Of((DeploymentCollections.Ordinal, 1));

    internal static async Task ReadAsync(MongoSession session, IRowSink sink)
    {
        foreach (var map in TableMaps.Plain)
        {
            sink.Table(map.Table, map.Names);
            await session.EachAsync(
                map.Collection,
                document => sink.Row(map.Row(document)),
                map.IsNumbered ? ByOrdinal : null
            );
        }

        await ReadAsync(session, sink, TableMaps.DueSpans);
        await ReadRevokedAsync(session, sink);
        await ReadSyncsAsync(session, sink);
        await ReadHeadLeasesAsync(session, sink);
        await ReadCountersAsync(session, sink);
    }

    private static async Task ReadAsync(MongoSession session, IRowSink sink, TableMap map)
    {
        sink.Table(map.Table, map.Names);
        await session.EachAsync(map.Collection, document => sink.Row(map.Row(document)));
    }

    private static async Task ReadRevokedAsync(MongoSession session, IRowSink sink)
    {
        sink.Table(TableMaps.RevokedSessions.Table, TableMaps.RevokedSessions.Names);
        foreach (var revoked in await session.RawAsync(DaemonCollections.StoreSessions, Doc.Of(("revoked", true))))
        {
            sink.Row(TableMaps.RevokedSessions.Row(revoked));
        }
    }

    private static async Task ReadSyncsAsync(MongoSession session, IRowSink sink)
    {
        sink.Table(TableMaps.Syncs.Table, SyncTables.Names);
        foreach (var sync in await session.RawAsync(SyncCollections.Syncs, Doc.All))
        {
            var parts = await session.FindAsync(
                SyncCollections.Catalogues,
                Doc.Of(("syncId", sync.View["_id"u8].AsString)),
                Doc.Of(("part", 1))
            );
            sink.Row(SyncTables.Row(sync, parts.Select(static part => part.Bytes)));
        }
    }

    private static async Task ReadHeadLeasesAsync(MongoSession session, IRowSink sink)
    {
        var (leases, reports) = (TableMaps.HeadLeases, TableMaps.HeadReports);
        var own = reports.Names.Except(leases.Names, StringComparer.Ordinal).ToArray();
        sink.Table(leases.Table, [.. leases.Names, .. own]);
        var said = (await session.RawAsync(reports.Collection, Doc.All)).ToDictionary(
            static one => one.View["_id"u8].AsString,
            reports.Row,
            StringComparer.Ordinal
        );
        await session.EachAsync(
            leases.Collection,
            document =>
            {
                var lease = leases.Row(document);
                var report = said.GetValueOrDefault((string)lease[0]!);
                // How far the head is outlives its keeper; what troubled that one does not.
                var isOfKeeper = report?[Fence(reports)] as long? == lease[Fence(leases)] as long?;
                sink.Row([
                    .. lease,
                    .. own.Select(name =>
                        isOfKeeper || !name.StartsWith("trouble", StringComparison.Ordinal)
                            ? report?[Array.IndexOf(reports.Names, name)]
                            : null
                    ),
                ]);
            }
        );
    }

    private static int Fence(TableMap map) => Array.IndexOf(map.Names, "fence");

    private static async Task ReadCountersAsync(MongoSession session, IRowSink sink)
    {
        sink.Table(SqliteExport.Sequences, ["name", "seq"]);
        var tables = Counted();
        foreach (var counter in await session.RawAsync(MongoSchema.Counters, Doc.All))
        {
            if (tables.TryGetValue(counter.View["_id"u8].AsString, out var table))
            {
                sink.Row([table, counter.View["last"u8].ToInt64()]);
            }
        }
    }

    /// <summary>Tables whose numbers are given by a counter, by the counter's name.</summary>
    internal static Dictionary<string, string> Counted() =>
        TableMaps
            .Plain.Append(TableMaps.Syncs)
            .Where(static map => map.Table != TableMaps.JobLog && map.Names.Contains("ordinal"))
            .ToDictionary(static map => map.Collection.Name, static map => map.Table, StringComparer.Ordinal);
}

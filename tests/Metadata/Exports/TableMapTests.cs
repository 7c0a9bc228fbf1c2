using Backup.Metadata.Exports;
using Backup.Metadata.Mongo;
using Backup.Metadata.Mongo.Collections;
using Backup.Metadata.Mongo.Exports;
using Backup.Metadata.Sqlite;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata.Exports;

/// <summary>No table, column, collection or field is forgotten by the way from one store to the other.</summary>
public sealed class TableMapTests : IAsyncLifetime
{
    /// <summary>Tables that no map names, each with its reason.</summary>
    private static readonly Dictionary<string, string> OtherTables = new(StringComparer.Ordinal)
    {
        ["alert_watch"] = "a lease of seconds, given back by an import",
        ["sqlite_sequence"] = "counters, which have other names",
    };

    /// <summary>Collections that no map names, each with its reason.</summary>
    private static readonly Dictionary<string, string> OtherCollections = new(StringComparer.Ordinal)
    {
        [MongoSchema.Meta.Name] = "of the database itself",
        [MongoSchema.Signals.Name] = "of processes that run",
        [MongoSchema.Counters.Name] = "sqlite_sequence",
        [AlertCollections.Watch.Name] = "a lease of seconds, given back by an import",
        [SyncCollections.Catalogues.Name] = "the column catalogue of syncs",
    };

    /// <summary>Fields that no column has, each with its reason.</summary>
    private static readonly Dictionary<string, string> OtherFields = new(StringComparer.Ordinal)
    {
        ["touches"] = "counts transactions",
        ["syncs.extent"] = "made of the slices",
        ["syncs.nextSlice"] = "made of the slices",
        ["storeSessions.revoked"] = "rows are of those that are revoked",
        ["monitoringDue.to"] = "made of its begin",
    };

    private readonly TemporaryFolder _folder = new();
    private Dictionary<string, string[]> _tables = [];

    private static TableMap[] Maps =>
        [
            .. TableMaps.Plain,
            TableMaps.Syncs,
            TableMaps.DueSpans,
            TableMaps.RevokedSessions,
            TableMaps.HeadLeases,
            TableMaps.HeadReports,
        ];

    public async Task InitializeAsync()
    {
        await using (await SqliteMetadataStore.OpenAsync(_folder.File("m.db"), new ManualTime())) { }
        var columns = new Columns();
        using var connection = SqliteReplacement.Connect(_folder.File("m.db"));
        SqliteExport.Read(connection, columns, CancellationToken.None);
        _tables = columns.Tables;
    }

    public Task DisposeAsync()
    {
        _folder.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public void Every_table_is_mapped_or_has_a_reason_not_to_be() =>
        _tables.Keys.Except(OtherTables.Keys).Order().ShouldBe(Maps.Select(static map => map.Table).Distinct().Order());

    [Fact]
    public void Every_column_is_mapped()
    {
        foreach (var table in Maps.GroupBy(static map => map.Table))
        {
            var mapped = table.SelectMany(static map => map.Names).Distinct().ToList();
            var more = table.Key == "syncs" ? [SyncTables.Catalogue] : Array.Empty<string>();
            mapped.Concat(more).Order().ShouldBe(_tables[table.Key].Order(), table.Key);
        }
    }

    [Fact]
    public void Every_collection_is_mapped_or_has_a_reason_not_to_be() =>
        MongoSchema
            .All.Select(static one => one.Name)
            .Except(OtherCollections.Keys)
            .Order()
            .ShouldBe(Maps.Select(static map => map.Collection.Name).Distinct().Order());

    [Fact]
    public void Every_field_is_mapped_or_has_a_reason_not_to_be()
    {
        foreach (var map in Maps)
        {
            var mapped = map.Columns.Select(static column => column.Path[0]).ToHashSet(StringComparer.Ordinal);
            if (map.IsNumbered)
            {
                mapped.Add(DeploymentCollections.Ordinal);
            }

            map.Collection.FieldNames.Where(field => field != "_id" || map.Collection.Key is not null)
                .Where(field =>
                    !OtherFields.ContainsKey(field) && !OtherFields.ContainsKey($"{map.Collection.Name}.{field}")
                )
                .Except(mapped)
                .ShouldBeEmpty(map.Collection.Name);
        }
    }

    [Fact]
    public void A_row_comes_back_from_its_document_with_every_value()
    {
        foreach (var map in Maps)
        {
            for (var seed = 1; seed < 40; seed++)
            {
                var row = SomeRows.Of(map, seed);
                map.Row(map.Document(row)).ShouldBe(row, map.Table);
            }
        }
    }

    private sealed class Columns : IRowSink
    {
        public Dictionary<string, string[]> Tables { get; } = new(StringComparer.Ordinal);

        public void Table(string name, IReadOnlyList<string> columns) => Tables.Add(name, [.. columns]);

        public void Row(ReadOnlySpan<object?> values)
        {
            // There may be one: what a new file begins with.
        }
    }
}

using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.Metadata.Exports;
using Backup.Metadata.Mongo;
using Backup.Metadata.Sqlite;
using Backup.Tests.Metadata.Mongo;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata.Exports;

/// <summary>A catalogue goes from a file into a database and back, and goes on there.</summary>
public abstract class MongoImportTests(MongoServer server) : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private readonly TemporaryFolder _folder = new();

    /// <summary>Of this test alone.</summary>
    private readonly string _database = $"t{Guid.NewGuid():N}";

    private string Export => _folder.File("export");

    /// <summary>Nobody else is there: they need not be listened for long.</summary>
    private MongoMetadataOptions Options => new() { Time = _time, MigrationSilence = TimeSpan.FromMilliseconds(200) };

    public async Task InitializeAsync()
    {
        await using var store = await SqliteMetadataStore.OpenAsync(_folder.File("source.db"), _time);
        await SomeCatalogue.FillAsync(store, _time);
        await store.ExportAsync(Export);
    }

    public async Task DisposeAsync()
    {
        await server.RunAsync(_database, """{"dropDatabase":1}""");
        _folder.Dispose();
    }

    [Fact]
    public async Task A_catalogue_of_a_file_is_the_same_in_a_database_and_goes_on_there()
    {
        await ImportAsync(replace: false);
        string[] staged;
        await using (var import = await StageAsync())
        {
            var file = _folder.File("staged-export");
            await (await import.OpenAsync()).ExportAsync(file);
            staged = ExportedRows.Of(file).Lines("alert_watch");
        }

        await using var store = await OpenAsync();
        await store.ExportAsync(_folder.File("again"));
        ExportedRows.Of(_folder.File("again")).Lines("alert_watch").ShouldBe(staged);

        var now = _time.GetUtcNow();
        (await store.OplogSlices.ExtentAsync(SomeCatalogue.Sync))!.Last.ShouldBe(SomeCatalogue.At(150));
        (await store.OplogSlices.AddAsync(SomeCatalogue.Slice(4, now))).ShouldBeFalse("it is there");
        (await store.OplogSlices.AddAsync(SomeCatalogue.Slice(5, now))).ShouldBeTrue("it goes on");
        (await store.Syncs.CatalogueAsync(SomeCatalogue.Sync)).Length.ShouldBe(9 << 20);
        await store.Audit.AddAsync(new AuditRecord(now, "me", "here", "restore", "s1", "ok"));
        (await store.Audit.ListAsync(now.AddDays(-1), 10)).Select(one => one.Ordinal).ShouldBe([1, 2]);
        await store.Snapshots.AddAsync(SomeCatalogue.Snapshot("s3", now));
        (await store.Snapshots.ListAsync(SomeCatalogue.Set)).Select(one => one.Id).ShouldBe(["s3", "s1"]);
        (await store.Leases.FindAsync(SomeCatalogue.Deployment))!.AgentId.ShouldBeNull();
        (
            await store.HeadLeases.GrantAsync(
                SomeCatalogue.Set,
                "d",
                "run",
                await store.HeadLeases.FindAsync(SomeCatalogue.Set)
            )
        ).ShouldNotBeNull();
    }

    [Fact]
    public async Task A_catalogue_that_is_there_is_replaced_on_request_alone()
    {
        await ImportAsync(replace: false);
        await using (var store = await OpenAsync())
        {
            await store.Settings.SetAsync("newer", "1");
        }

        (await FailureAsync(() => ImportAsync(replace: false))).ShouldBe(MetadataErrors.CatalogueIsThere);
        await ImportAsync(replace: true);
        await using var now = await OpenAsync();
        (await now.Settings.FindAsync("newer")).ShouldBeNull();
        (await now.Snapshots.FindAsync("s1")).ShouldNotBeNull();
    }

    [Fact]
    public async Task Nobody_opens_what_a_broken_off_import_left_and_another_one_makes_it_whole()
    {
        await ImportAsync(replace: false);
        // As it is where the process was killed while it filled the collections.
        await server.RunAsync(
            _database,
            """{"insert":"meta","documents":[{"_id":"import"}],"writeConcern":{"w":"majority"}}"""
        );
        await server.RunAsync(_database, """{"drop":"snapshots"}""");
        (await FailureAsync(OpenAsync)).ShouldBe(MetadataErrors.ImportWasBrokenOff);
        (await FailureAsync(() => ImportAsync(replace: false))).ShouldBe(MetadataErrors.CatalogueIsThere);
        await ImportAsync(replace: true);
        await using var store = await OpenAsync();
        (await store.Snapshots.FindAsync("s1")).ShouldNotBeNull();
    }

    [Fact]
    public async Task Nothing_is_imported_while_another_process_works_on_the_catalogue()
    {
        await ImportAsync(replace: false);
        await using var store = await OpenAsync();
        using var stop = new CancellationTokenSource();
        var working = Task.Run(async () =>
        {
            for (var n = 0; !stop.IsCancellationRequested; n++)
            {
                await store.Settings.SetAsync("n", $"{n}");
            }
        });
        (await FailureAsync(() => ImportAsync(replace: true))).ShouldBe(MetadataErrors.CatalogueIsInUse);
        await stop.CancelAsync();
        await working;
        (await store.Snapshots.FindAsync("s1")).ShouldNotBeNull();
    }

    private Task<StagedImport> StageAsync() => StagedImport.CreateAsync(Export, _folder.File("staged"), _time);

    private async Task ImportAsync(bool replace)
    {
        await using var import = await StageAsync();
        await MongoMetadataStore.ImportAsync(server.ConnectionString, _database, import, replace, Options);
    }

    private Task<MongoMetadataStore> OpenAsync() => server.OpenAsync(_time, _database);

    private static async Task<int> FailureAsync(Func<Task> work) =>
        (await Should.ThrowAsync<BackupException>(work)).Number;
}

[Collection(RealServerTests.Name)]
public sealed class RealMongoImportTests(RealServer server) : MongoImportTests(server);

[Collection(SandboxServerTests.Name)]
public sealed class SandboxMongoImportTests(SandboxServer server) : MongoImportTests(server);

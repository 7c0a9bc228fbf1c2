using Backup.Foundation.Errors;
using Backup.Foundation.Files;
using Backup.Metadata;
using Backup.Metadata.Exports;
using Backup.Metadata.Sqlite;
using Backup.Tests.Support;
using Microsoft.Data.Sqlite;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata.Exports;

/// <summary>An import into a file: what goes on from where, what is refused, and what is there whatever happens.</summary>
public sealed class ImportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ManualTime _time = new();

    private string Export => _folder.File("export");

    private string Target => _folder.File("metadata.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_the_processes_of_before_held_is_given_back_and_their_fences_are_left_far_behind()
    {
        await ExportAsync();
        await using var import = await StagedImport.CreateAsync(Export, Target, _time);
        var store = await import.OpenAsync();
        var job = (await store.Jobs.FindAsync("running"))!;
        (job.State, job.Owner, job.LeaseUntil).ShouldBe((JobState.Queued, null, null));
        (await store.Jobs.TakeAsync(["verify"], "other", TimeSpan.FromMinutes(1)))!.Id.ShouldBe("running");
        var agent = (await store.Leases.FindAsync(SomeCatalogue.Deployment))!;
        (agent.AgentId, agent.Fence > 100_000).ShouldBe((null, true));
        var head = (await store.HeadLeases.FindAsync(SomeCatalogue.Set))!;
        (head.DaemonId, head.Fence > 100_000).ShouldBe((null, true));
        (await store.Holds.ListAsync(SomeCatalogue.Set)).ShouldBeEmpty();
        (await store.Heads.FindAsync(SomeCatalogue.Set))!.Optime.ShouldBe(SomeCatalogue.At(120));
        (await store.OplogSlices.AddAsync(SomeCatalogue.Slice(5, _time.GetUtcNow()))).ShouldBeTrue("it goes on");
    }

    [Fact]
    public async Task An_import_goes_where_nothing_is_and_only_on_request_where_something_is()
    {
        await ExportAsync();
        await using (var import = await StagedImport.CreateAsync(Export, Target, _time))
        {
            (await import.InstallAsync(Target, replace: false)).ShouldBeNull();
        }

        await using (var store = await SqliteMetadataStore.OpenAsync(Target, _time))
        {
            (await store.Snapshots.FindAsync("s1")).ShouldNotBeNull();
            await store.Settings.SetAsync("newer", "1");
        }

        await using (var import = await StagedImport.CreateAsync(Export, Target, _time))
        {
            (await FailureAsync(() => import.InstallAsync(Target, replace: false))).ShouldBe(
                MetadataErrors.CatalogueIsThere
            );
        }

        await using (var import = await StagedImport.CreateAsync(Export, Target, _time))
        {
            var kept = (await import.InstallAsync(Target, replace: true)).ShouldNotBeNull();
            await using var before = await SqliteMetadataStore.OpenAsync(kept, _time);
            (await before.Settings.FindAsync("newer")).ShouldBe("1");
            File.GetUnixFileMode(kept).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        await using var now = await SqliteMetadataStore.OpenAsync(Target, _time);
        (await now.Settings.FindAsync("newer")).ShouldBeNull();
        File.GetUnixFileMode(Target).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public async Task A_catalogue_that_cannot_be_opened_is_replaced_and_kept_with_its_log()
    {
        await ExportAsync();
        File.WriteAllText(Target, "no database");
        File.WriteAllText(Target + "-wal", "no log");
        await using (var import = await StagedImport.CreateAsync(Export, Target, _time))
        {
            (await FailureAsync(() => import.InstallAsync(Target, replace: false))).ShouldBe(
                MetadataErrors.CatalogueIsThere
            );
        }

        File.ReadAllText(Target).ShouldBe("no database");
        await using (var import = await StagedImport.CreateAsync(Export, Target, _time))
        {
            var kept = (await import.InstallAsync(Target, replace: true))!;
            File.ReadAllText(kept).ShouldBe("no database");
        }

        await using var store = await SqliteMetadataStore.OpenAsync(Target, _time);
        (await store.Snapshots.FindAsync("s1")).ShouldNotBeNull();
    }

    [Fact]
    public async Task What_a_killed_import_left_is_no_catalogue_and_is_gone_with_the_next()
    {
        await ExportAsync();
        var left = Target + DurableFile.TemporarySuffix;
        File.WriteAllText(left, "half");
        File.WriteAllText(left + "-wal", "half");
        await using (var import = await StagedImport.CreateAsync(Export, Target, _time))
        {
            File.Exists(Target).ShouldBeFalse();
        }

        Directory.EnumerateFiles(_folder.Path).Select(Path.GetFileName).ShouldBe(["export"]);
    }

    [Fact]
    public async Task An_export_that_is_cut_short_or_changed_anywhere_is_refused_as_a_whole()
    {
        await ExportAsync();
        var whole = await File.ReadAllBytesAsync(Export);
        var torn = _folder.File("torn");
        var random = new Random(4711);
        var lengths = Enumerable.Range(0, 60).Concat(Enumerable.Range(0, 60).Select(n => whole.Length - 1 - n));
        foreach (var length in lengths.Concat(Enumerable.Range(0, 60).Select(_ => random.Next(whole.Length))))
        {
            File.Delete(torn);
            await using (var file = File.Create(torn))
            {
                await file.WriteAsync(whole.AsMemory(0, length));
            }

            (await FailureAsync(() => StageAsync(torn))).ShouldBeOneOf(
                MetadataErrors.ExportIsTorn,
                MetadataErrors.NotAnExport
            );
        }

        for (var n = 0; n < 200; n++)
        {
            var place = n < 100 ? n % ExportFormat.HeaderLength : random.Next(whole.Length);
            var changed = (byte[])whole.Clone();
            changed[place] ^= (byte)(1 << random.Next(8));
            File.Delete(torn);
            await using (var file = File.Create(torn))
            {
                await file.WriteAsync(changed);
            }

            (await FailureAsync(() => StageAsync(torn))).ShouldBeOneOf(
                MetadataErrors.ExportIsTorn,
                MetadataErrors.NotAnExport
            );
        }

        Directory.EnumerateFiles(_folder.Path).Select(Path.GetFileName).ShouldBe(["export", "torn"], ignoreOrder: true);
    }

    [Fact]
    public async Task An_export_with_rows_that_fit_no_table_is_refused_whatever_its_checksum()
    {
        Write(writer => writer.Table("strangers", ["a"]));
        (await FailureAsync(() => StageAsync(Export))).ShouldBe(MetadataErrors.ExportDoesNotFit);
        Write(writer => writer.Table("groups", ["id\"; DROP TABLE groups; --"]));
        (await FailureAsync(() => StageAsync(Export))).ShouldBe(MetadataErrors.ExportDoesNotFit);
        Write(writer =>
        {
            writer.Table("agents", ["id", "group_id", "host_name", "version", "enrolled_at", "revoked"]);
            writer.Row(["a", "nobody's", "h", "1", 1L, 0L]);
        });
        (await FailureAsync(() => StageAsync(Export))).ShouldBe(MetadataErrors.ExportDoesNotFit);
        Write(writer =>
        {
            writer.Table("groups", ["id", "name", "created_at"]);
            writer.Row(["g", "a name", "no number"]);
        });
        (await FailureAsync(() => StageAsync(Export))).ShouldBe(MetadataErrors.ExportDoesNotFit);
        Write(writer => writer.Table("groups", ["id"]), Schema.Version + 1);
        (await FailureAsync(() => StageAsync(Export))).ShouldBe(MetadataErrors.ExportIsNewer);
        (await FailureAsync(() => StageAsync(_folder.File("none")))).ShouldBe(MetadataErrors.ExportCannotBeRead);
    }

    [Fact]
    public async Task An_export_of_the_first_version_is_brought_up_to_date()
    {
        var old = _folder.File("old.db");
        using (
            var connection = new SqliteConnection(
                new SqliteConnectionStringBuilder { DataSource = old, Pooling = false }.ToString()
            )
        )
        {
            SQLitePCL.Batteries_V2.Init();
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = await File.ReadAllTextAsync(
                Path.Combine(AppContext.BaseDirectory, "data", "metadata-v1.sql")
            );
            command.ExecuteNonQuery();
            Write(writer => SqliteExport.Read(connection, writer, CancellationToken.None), version: 1);
        }

        await using var import = await StagedImport.CreateAsync(Export, Target, _time);
        await using var migrated = await SqliteMetadataStore.OpenAsync(old, _time);
        var store = await import.OpenAsync();
        var set = (await store.Deployments.ReplicaSetsAsync()).ShouldHaveSingleItem();
        (await store.Snapshots.ListAsync(set.Id)).ShouldBe(await migrated.Snapshots.ListAsync(set.Id));
        (await store.Credentials.KeysAsync()).Count.ShouldBe(1);
    }

    [Fact]
    public async Task Keys_that_were_destroyed_since_do_not_come_back()
    {
        var group = "";
        await using (var store = await SqliteMetadataStore.OpenAsync(_folder.File("source.db"), _time))
        {
            group = (await store.Access.EnsureGroupAsync("g")).Id;
            await store.GroupKeys.AddAsync([new GroupKeyRecord("k", group, 0, 1, _time.GetUtcNow(), "m", [1, 2])]);
            await store.ExportAsync(Export);
        }

        await using var import = await StagedImport.CreateAsync(Export, Target, _time);
        await import.DestroyKeysAsync([new DestroyedKeyRecord("k", group, _time.GetUtcNow())]);
        var staged = await import.OpenAsync();
        (await staged.GroupKeys.ListAsync()).ShouldBeEmpty();
        (await staged.GroupKeys.DestroyedAsync()).ShouldHaveSingleItem().Id.ShouldBe("k");
    }

    private async Task ExportAsync()
    {
        await using var store = await SqliteMetadataStore.OpenAsync(_folder.File("source.db"), _time);
        await SomeCatalogue.FillAsync(store, _time);
        await store.ExportAsync(Export);
        await store.DisposeAsync();
        File.Delete(_folder.File("source.db"));
    }

    private async Task StageAsync(string export)
    {
        await using var import = await StagedImport.CreateAsync(export, Target, _time);
    }

    private void Write(Action<ExportWriter> write, int? version = null)
    {
        using var writer = new ExportWriter(Export, version ?? Schema.Version, _time.GetUtcNow());
        write(writer);
        writer.Publish();
    }

    private static async Task<int> FailureAsync(Func<Task> work) =>
        (await Should.ThrowAsync<BackupException>(work)).Number;
}

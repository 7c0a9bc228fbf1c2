using System.Text;
using Backup.Foundation.Secrets;
using Backup.Metadata;
using Backup.Metadata.Exports;
using Backup.Metadata.Secrets;
using Backup.Metadata.Sqlite;
using Backup.Tests.Support;
using Microsoft.Data.Sqlite;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata;

/// <summary>URIs of a catalogue of before are sealed, and no file holds one any more.</summary>
public sealed class SealedUriTests : IDisposable
{
    private const string Password = "hunter2-of-the-source";

    private readonly TemporaryFolder _folder = new();
    private readonly ManualTime _time = new();

    private string Database => _folder.File("metadata.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_catalogue_of_the_first_release_is_sealed_at_its_opening()
    {
        var sql = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "data", "metadata-v1.sql"));
        SQLitePCL.Batteries_V2.Init();
        await using (var connection = new SqliteConnection($"Data Source={Database};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = sql.Replace(
                "mongodb://localhost/",
                $"mongodb://bk:{Password}@localhost/",
                StringComparison.Ordinal
            );
            command.ExecuteNonQuery();
        }

        HoldsPassword().ShouldNotBeEmpty("else this test sees nothing");
        await using (var store = await OpenAsync())
        {
            var deployment = (await store.Deployments.ListAsync()).ShouldHaveSingleItem();
            store.Deployments.OpenUri(deployment).ShouldBe($"mongodb://bk:{Password}@localhost/");
            HoldsPassword().ShouldBeEmpty("while it is open");
        }

        HoldsPassword().ShouldBeEmpty("once it is closed");
    }

    [Fact]
    public async Task No_page_and_no_log_keeps_what_was_sealed_whatever_became_of_it_before()
    {
        await using (var store = await SqliteMetadataStore.OpenAsync(Database, _time))
        {
            var group = await store.Access.EnsureGroupAsync("g");
            foreach (var n in Enumerable.Range(0, 200))
            {
                var uri = $"mongodb://bk:{Password}{n}@{new string('h', n * 20 % 3000)}/";
                await store.Deployments.EnsureAsync(
                    new Deployment($"d{n}", group.Id, $"n{n}", "replicaSet", uri, _time.GetUtcNow())
                );
            }

            // Rows that grow, shrink and move leave their old places behind.
            foreach (var n in Enumerable.Range(0, 200).Where(static n => n % 3 == 0))
            {
                await store.Deployments.SetUriAsync($"d{n}", $"mongodb://bk:{Password}{n}@{new string('k', 40)}/");
            }

            // As a process that is killed leaves its files.
            Directory.CreateDirectory(_folder.File("killed"));
            foreach (var file in Directory.EnumerateFiles(_folder.Path, "metadata.db*"))
            {
                File.Copy(file, Path.Combine(_folder.File("killed"), Path.GetFileName(file)));
            }
        }

        foreach (var folder in new[] { _folder.Path, _folder.File("killed") })
        {
            HoldsPassword(folder).ShouldNotBeEmpty("else this test sees nothing");
            await using (var store = await OpenAsync(Path.Combine(folder, "metadata.db")))
            {
                var all = await store.Deployments.ListAsync();
                all.Count.ShouldBe(200);
                all.ShouldAllBe(one => store.Deployments.OpenUri(one).Contains(Password));
                HoldsPassword(folder).ShouldBeEmpty("while it is open");
                await store.ExportAsync(_folder.File("export"));
                ExportedRows
                    .Of(_folder.File("export"))
                    .Tables["deployments"]
                    .ShouldAllBe(static row => !((string)row["uri"]!).Contains(Password));
            }

            HoldsPassword(folder).ShouldBeEmpty("once it is closed");
        }
    }

    [Fact]
    public async Task A_process_that_was_killed_right_after_it_had_sealed_leaves_the_log_to_the_next_opening()
    {
        await using (var store = await SqliteMetadataStore.OpenAsync(Database, _time))
        {
            await AddAsync(store);
            // The log still has the pages of before.
            Directory.CreateDirectory(_folder.File("killed"));
            foreach (var file in Directory.EnumerateFiles(_folder.Path, "metadata.db*"))
            {
                File.Copy(file, Path.Combine(_folder.File("killed"), Path.GetFileName(file)));
            }
        }

        var killed = _folder.File("killed/metadata.db");
        await using (var connection = new SqliteConnection($"Data Source={killed};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            // It was sealed, and nothing was brought from the log into the file.
            using var box = SecretBox.Ensure(_folder.File("secrets/box.key"));
            var uri = "sealed:" + Convert.ToBase64String(box.Seal(Encoding.UTF8.GetBytes(Uri), "deployment uri d"));
            command.CommandText = "PRAGMA wal_autocheckpoint = 0; UPDATE deployments SET uri = @uri";
            command.Parameters.AddWithValue("@uri", uri);
            command.ExecuteNonQuery();
            Directory.CreateDirectory(_folder.File("again"));
            foreach (var file in Directory.EnumerateFiles(_folder.File("killed"), "metadata.db*"))
            {
                File.Copy(file, Path.Combine(_folder.File("again"), Path.GetFileName(file)));
            }
        }

        var again = _folder.File("again");
        HoldsPassword(again).ShouldNotBeEmpty("else this test sees nothing");
        await using var opened = await OpenAsync(Path.Combine(again, "metadata.db"));
        opened.Deployments.OpenUri((await opened.Deployments.FindAsync("d"))!).ShouldBe(Uri);
        HoldsPassword(again).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_key_that_cannot_be_used_keeps_nobody_from_opening_the_catalogue()
    {
        await using (var store = await SqliteMetadataStore.OpenAsync(Database, _time))
        {
            await AddAsync(store);
        }

        Directory.CreateDirectory(_folder.File("secrets"));
        await File.WriteAllTextAsync(_folder.File("secrets/box.key"), "short");
        var seal = new UriSeal();
        seal.Unlock(() => SecretBox.Ensure(_folder.File("secrets/box.key")));
        await using (var store = await SqliteMetadataStore.OpenAsync(Database, _time, seal))
        {
            store.Deployments.OpenUri((await store.Deployments.FindAsync("d"))!).ShouldBe(Uri, "as it was");
        }

        File.Delete(_folder.File("secrets/box.key"));
        await using var later = await OpenAsync();
        later.Deployments.OpenUri((await later.Deployments.FindAsync("d"))!).ShouldBe(Uri);
        HoldsPassword().ShouldBeEmpty();
    }

    [Fact]
    public async Task What_an_export_of_before_has_unsealed_is_sealed_by_the_import()
    {
        await using (var store = await SqliteMetadataStore.OpenAsync(_folder.File("source.db"), _time))
        {
            await AddAsync(store);
            await store.ExportAsync(_folder.File("export"));
        }

        File.Delete(_folder.File("source.db"));
        await using (var import = await StagedImport.CreateAsync(_folder.File("export"), Database, _time, Seal()))
        {
            await import.OpenAsync();
            await import.InstallAsync(Database, replace: false);
        }

        HoldsPassword().ShouldBeEmpty();
        await using var opened = await OpenAsync();
        opened.Deployments.OpenUri((await opened.Deployments.FindAsync("d"))!).ShouldBe(Uri);
    }

    private const string Uri = $"mongodb://bk:{Password}@db1/";

    private async Task AddAsync(SqliteMetadataStore store)
    {
        var group = await store.Access.EnsureGroupAsync("g");
        await store.Deployments.EnsureAsync(new Deployment("d", group.Id, "n", "replicaSet", Uri, _time.GetUtcNow()));
    }

    private Task<SqliteMetadataStore> OpenAsync(string? path = null) =>
        SqliteMetadataStore.OpenAsync(path ?? Database, _time, Seal());

    private UriSeal Seal()
    {
        var seal = new UriSeal();
        var box = SecretBox.Ensure(_folder.File("secrets/box.key"));
        seal.Unlock(() => box);
        return seal;
    }

    /// <summary>Files of a database that have the password somewhere.</summary>
    private List<string> HoldsPassword(string? folder = null) =>
        [
            .. Directory
                .EnumerateFiles(folder ?? _folder.Path, "metadata.db*")
                .Where(static file =>
                {
                    using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                    using var bytes = new MemoryStream();
                    stream.CopyTo(bytes);
                    return bytes.ToArray().AsSpan().IndexOf(Encoding.UTF8.GetBytes(Password)) >= 0;
                })
                .Select(static file => Path.GetFileName(file)),
        ];
}

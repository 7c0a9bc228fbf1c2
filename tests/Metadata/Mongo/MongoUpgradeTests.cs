using Backup.Foundation.Errors;
using Backup.Foundation.Secrets;
using Backup.Metadata;
using Backup.Metadata.Exports;
using Backup.Metadata.Mongo;
using Backup.Metadata.Secrets;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata.Mongo;

/// <summary>Processes of the release before work beside those of this one until an administrator says that none is left.</summary>
[Collection(RealServerTests.Name)]
public sealed class MongoUpgradeTests(RealServer server) : IAsyncLifetime
{
    private const string Uri = "mongodb://bk:hunter2-of-the-source@db1/";

    private readonly string _database = $"u{Guid.NewGuid():N}";
    private readonly ManualTime _time = new();
    private readonly TemporaryFolder _folder = new();

    /// <summary>What the release before knows.</summary>
    private MongoMetadataOptions Before =>
        new()
        {
            Time = _time,
            Migrations = [],
            MigrationSilence = TimeSpan.FromMilliseconds(300),
        };

    private MongoMetadataOptions Now =>
        new()
        {
            Time = _time,
            Uris = Seal(),
            MigrationSilence = TimeSpan.FromMilliseconds(300),
        };

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await server.RunAsync(_database, """{"dropDatabase":1}""");
        _folder.Dispose();
    }

    [Fact]
    public async Task Nothing_that_the_release_before_would_not_understand_is_written_until_the_upgrade_is_finished()
    {
        await using var before = await OpenAsync(Before);
        var group = await before.Access.EnsureGroupAsync("g");
        await using var one = await OpenAsync(Now);
        await using var other = await OpenAsync(Now);
        (await one.UpgradeWaitsAsync()).ShouldBeTrue();
        var made = await one.Deployments.EnsureAsync(New("d", group, Uri));
        (await one.Deployments.SealUrisAsync()).ShouldBe(0);
        (await StoredAsync("d")).ShouldBe(Uri, "the release before hands it to agents");
        before.Deployments.OpenUri((await before.Deployments.FindAsync("d"))!).ShouldBe(Uri);
        (await before.Deployments.EnsureAsync(New("x", group, Uri))).Id.ShouldBe("d");
        await (await OpenAsync(Before)).DisposeAsync();

        (await one.FinishUpgradeAsync()).ShouldBe(1);
        (await StoredAsync("d")).ShouldStartWith("sealed:");
        (await other.UpgradeWaitsAsync()).ShouldBeFalse("it asks the catalogue, not itself");
        other.Deployments.OpenUri((await other.Deployments.FindAsync("d"))!).ShouldBe(Uri);
        (await other.Deployments.EnsureAsync(made with { Id = "y", Uri = Uri })).Id.ShouldBe("d");
        await other.Deployments.EnsureAsync(New("z", group, Uri + "?tls=true"));
        (await StoredAsync("z")).ShouldStartWith("sealed:");
        (await Should.ThrowAsync<BackupException>(() => OpenAsync(Before))).Number.ShouldBe(MetadataErrors.NewerSchema);
        (await one.FinishUpgradeAsync()).ShouldBe(0, "it was finished before");
        await using var later = await OpenAsync(Now);
        later.Deployments.OpenUri((await later.Deployments.FindAsync("z"))!).ShouldBe(Uri + "?tls=true");
    }

    [Fact]
    public async Task Who_has_no_key_finishes_nothing()
    {
        await using (var before = await OpenAsync(Before))
        {
            await before.Deployments.EnsureAsync(New("d", await before.Access.EnsureGroupAsync("g"), Uri));
        }

        await using var locked = await OpenAsync(Now with { Uris = new UriSeal() });
        (await Should.ThrowAsync<BackupException>(() => locked.FinishUpgradeAsync())).Number.ShouldBe(
            MetadataErrors.UriKeyMissing
        );
        (await locked.UpgradeWaitsAsync()).ShouldBeTrue();
        (await StoredAsync("d")).ShouldBe(Uri);
    }

    [Fact]
    public async Task Writes_beside_the_finish_are_sealed_whoever_is_first()
    {
        await using (var before = await OpenAsync(Before))
        {
            await before.Access.EnsureGroupAsync("g");
        }

        await using var one = await OpenAsync(Now);
        await using var other = await OpenAsync(Now);
        var group = await one.Access.EnsureGroupAsync("g");
        var writes = Enumerable.Range(0, 20).Select(n => other.Deployments.EnsureAsync(New($"d{n}", group, Uri + n)));
        await Task.WhenAll(writes.Append<Task>(one.FinishUpgradeAsync()));
        foreach (var n in Enumerable.Range(0, 20))
        {
            (await StoredAsync($"d{n}")).ShouldStartWith("sealed:");
        }
    }

    [Fact]
    public async Task An_imported_catalogue_is_one_that_the_release_before_does_not_open()
    {
        await using (var before = await OpenAsync(Before))
        {
            await before.Deployments.EnsureAsync(New("d", await before.Access.EnsureGroupAsync("g"), Uri));
            await before.ExportAsync(_folder.File("export"));
        }

        await using (var staged = await StagedImport.CreateAsync(_folder.File("export"), _folder.File("m"), _time))
        {
            await MongoMetadataStore.ImportAsync(server.ConnectionString, _database, staged, replace: true, Now);
        }

        (await Should.ThrowAsync<BackupException>(() => OpenAsync(Before))).Number.ShouldBe(MetadataErrors.NewerSchema);
        await using var store = await OpenAsync(Now);
        (await store.UpgradeWaitsAsync()).ShouldBeFalse();
        (await StoredAsync("d")).ShouldBe(Uri, "whoever imported it has not the key of the servers");
        (await store.Deployments.SealUrisAsync()).ShouldBe(1, "as a server does once it has made sure of its key");
        store.Deployments.OpenUri((await store.Deployments.FindAsync("d"))!).ShouldBe(Uri);
    }

    private static Deployment New(string id, Group group, string uri) =>
        new(id, group.Id, id, "replicaSet", uri, DateTimeOffset.UnixEpoch);

    private Task<MongoMetadataStore> OpenAsync(MongoMetadataOptions options) =>
        MongoMetadataStore.OpenAsync(server.ConnectionString, _database, options);

    private UriSeal Seal()
    {
        var seal = new UriSeal();
        var box = SecretBox.Ensure(_folder.File("box.key"));
        seal.Unlock(() => box);
        return seal;
    }

    private async Task<string> StoredAsync(string id)
    {
        var found = await server.RunAsync(_database, $$"""{"find":"deployments","filter":{"_id":"{{id}}"} }""");
        return found.View["cursor"u8].AsDocument["firstBatch"u8].AsDocument["0"u8].AsDocument["uri"u8].AsString;
    }
}

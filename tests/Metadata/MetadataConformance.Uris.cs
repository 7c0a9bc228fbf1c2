using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.Metadata.Secrets;
using Shouldly;
using Xunit;

namespace Backup.Tests.Metadata;

public abstract partial class MetadataConformance
{
    private const string Secret = "mongodb://bk:hunter2-of-the-source@db1,db2/?replicaSet=rs0";

    [Fact]
    public async Task A_URI_is_stored_sealed_and_found_again_by_what_it_is()
    {
        var made = await DeploymentAsync(Secret);
        Store.Deployments.OpenUri(made).ShouldBe(Secret);
        made.ToString().ShouldNotContain("hunter2");
        (await DeploymentAsync(Secret)).ShouldBe(made, "the same URI, sealed once");
        var other = await DeploymentAsync(Secret + "&readPreference=secondary");
        other.Id.ShouldNotBe(made.Id);
        await ReopenAsync();
        (await Store.Deployments.ListAsync())
            .Select(Store.Deployments.OpenUri)
            .ShouldBe([Secret, Secret + "&readPreference=secondary"]);

        await Store.Deployments.RemoveAsync(made.Id);
        (await DeploymentAsync(Secret)).ShouldBe(made, "protected again");
        (await StoredUrisAsync()).ShouldAllBe(one => one.StartsWith("sealed:") && !one.Contains("hunter2"));
    }

    [Fact]
    public async Task A_deployment_gets_another_URI_and_stays_what_it_is()
    {
        var made = await DeploymentAsync(Secret);
        var other = await DeploymentAsync("mongodb://other/");
        const string next = "mongodb://bk:another-one@db1,db2,db3/?replicaSet=rs0";
        var changed = await Store.Deployments.SetUriAsync(made.Id, next);
        changed.ShouldBe(made with { Uri = changed.Uri });
        Store.Deployments.OpenUri((await Store.Deployments.FindAsync(made.Id))!).ShouldBe(next);
        (await Store.Deployments.SetUriAsync(made.Id, next)).Id.ShouldBe(made.Id, "its own is no other's");
        (await DeploymentAsync(Secret)).Id.ShouldNotBe(made.Id, "the URI of before is free");

        await ShouldFailAsync(
            MetadataErrors.UriIsTaken,
            () => Store.Deployments.SetUriAsync(made.Id, "mongodb://other/")
        );
        await ShouldFailAsync(MetadataErrors.NotThere, () => Store.Deployments.SetUriAsync("none", "mongodb://x/"));
        Store.Deployments.OpenUri((await Store.Deployments.FindAsync(made.Id))!).ShouldBe(next);
        (await Store.Deployments.FindAsync(other.Id)).ShouldBe(other);
    }

    [Fact]
    public async Task With_another_key_each_URI_says_so_and_all_else_goes_on()
    {
        var made = await DeploymentAsync(Secret);
        var first = Uris;
        await ReopenAsync(Key("another.key"));
        (await Store.Deployments.ListAsync()).ShouldBe([made], "nothing is written over");
        var failure = Should.Throw<BackupException>(() => Store.Deployments.OpenUri(made));
        failure.Number.ShouldBe(MetadataErrors.UriIsNotOpened);
        failure.Message.ShouldContain($"'{made.Name}'");
        failure.Message.ShouldContain("BK1007");
        var added = await DeploymentAsync("mongodb://added/");
        Store.Deployments.OpenUri(added).ShouldBe("mongodb://added/");
        (await Store.GlanceAsync()).Deployments.Count.ShouldBe(2);

        await ReopenAsync(first);
        Store.Deployments.OpenUri(made).ShouldBe(Secret, "the key is back");
        await ReopenAsync(Key("another.key"));
        var anew = await Store.Deployments.SetUriAsync(made.Id, Secret);
        Store.Deployments.OpenUri(anew).ShouldBe(Secret, "given anew");
    }

    [Fact]
    public async Task Who_has_no_key_reads_all_but_URIs_and_stores_none()
    {
        var made = await DeploymentAsync(Secret);
        await ReopenAsync(new UriSeal());
        (await Store.Deployments.ListAsync()).ShouldBe([made]);
        await Store.Deployments.SetSourceAsync(made.Id, new SourceSettings(Cursors: 3));
        Should
            .Throw<BackupException>(() => Store.Deployments.OpenUri(made))
            .Number.ShouldBe(MetadataErrors.UriKeyMissing);
        await ShouldFailAsync(MetadataErrors.UriKeyMissing, () => DeploymentAsync("mongodb://x/"));
        await ShouldFailAsync(
            MetadataErrors.UriKeyMissing,
            () => Store.Deployments.SetUriAsync(made.Id, "mongodb://x/")
        );
        (await Store.Deployments.SealUrisAsync()).ShouldBe(0);
        (await Store.Deployments.ListAsync()).ShouldHaveSingleItem().Uri.ShouldBe(made.Uri);
    }

    [Fact]
    public async Task A_sealed_URI_opens_for_its_own_deployment_alone()
    {
        var made = await DeploymentAsync(Secret);
        Should
            .Throw<BackupException>(() => Store.Deployments.OpenUri(made with { Id = "another" }))
            .Number.ShouldBe(MetadataErrors.UriIsNotOpened);
    }

    [Fact]
    public async Task What_stands_unsealed_is_sealed_once()
    {
        await ReopenAsync(UriSeal.AsGiven);
        var made = await DeploymentAsync(Secret);
        (await StoredUrisAsync()).ShouldBe([Secret]);
        await Store.DisposeAsync();
        Uris = Key("box.key");
        _store = await OpenAsync();
        // A file is sealed by its opening, a database by who has made sure of the key.
        await Store.Deployments.SealUrisAsync();
        var found = (await Store.Deployments.FindAsync(made.Id))!;
        (await StoredUrisAsync()).ShouldHaveSingleItem().ShouldStartWith("sealed:");
        Store.Deployments.OpenUri(found).ShouldBe(Secret);
        (await Store.Settings.FindAsync(IDeployments.SealedAtSetting)).ShouldBe(
            $"{Time.GetUtcNow().ToUnixTimeMilliseconds()}"
        );

        Time.Advance(TimeSpan.FromMinutes(1));
        (await Store.Deployments.SealUrisAsync()).ShouldBe(0);
        await ReopenAsync();
        (await Store.Deployments.FindAsync(made.Id)).ShouldBe(found);
    }

    [Fact]
    public async Task A_new_catalogue_waits_for_nothing()
    {
        (await Store.UpgradeWaitsAsync()).ShouldBeFalse();
        (await Store.FinishUpgradeAsync()).ShouldBe(0);
    }

    /// <summary>As exports have them.</summary>
    private async Task<List<string>> StoredUrisAsync()
    {
        using var folder = new TemporaryFolder();
        await Store.ExportAsync(folder.File("export"));
        return
        [
            .. ExportedRows.Of(folder.File("export")).Tables["deployments"].Select(static row => (string)row["uri"]!),
        ];
    }
}

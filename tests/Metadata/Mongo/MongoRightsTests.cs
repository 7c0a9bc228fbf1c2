using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.Metadata.Mongo;
using Backup.Tests.Support;
using Shouldly;

namespace Backup.Tests.Metadata.Mongo;

/// <summary>What the user of the metadata has to be allowed, and what they are told who are not.</summary>
public sealed class MongoRightsTests
{
    [RealMongoFact]
    public async Task The_role_read_write_on_the_database_is_enough_and_less_is_refused_with_what_to_do()
    {
        await using var mongo = await RealMongo.StartAsync(authentication: true);
        await using var client = new MongoWire.Client.MongoClient(
            MongoWire.Uri.ConnectionString.Parse(mongo.ConnectionString),
            new MongoWire.Client.MongoClientOptions()
        );
        await AddUserAsync("writer", "readWrite");
        await AddUserAsync("reader", "read");

        await using (var store = await MongoMetadataStore.OpenAsync(As("writer", "p"), "backup"))
        {
            await store.Settings.SetAsync("a", "b");
            var seen = store.ChangeCount;
            await store.WaitForChangeAsync(seen, TimeSpan.FromMilliseconds(10));
        }

        await using var readOnly = await MongoMetadataStore.OpenAsync(As("reader", "p"), "backup");
        (await readOnly.Settings.FindAsync("a")).ShouldBe("b");
        await ShouldBeDeniedAsync(() => readOnly.Settings.SetAsync("a", "c"));
        (await readOnly.Settings.FindAsync("a")).ShouldBe("b");
        await ShouldBeDeniedAsync(() => MongoMetadataStore.OpenAsync(As("writer", "wrong"), "backup"));
        await ShouldBeDeniedAsync(() => MongoMetadataStore.OpenAsync(As("writer", "p"), "another"));

        async Task AddUserAsync(string name, string role)
        {
            using var reply = await client.RunCommandAsync(
                "admin",
                MongoWire.Bson.ExtendedJson.Parse(
                    $$"""
                    {"createUser":"{{name}}","pwd":"p","roles":[{"role":"{{role}}","db":"backup"}],
                     "writeConcern":{"w":"majority"} }
                    """
                ),
                MongoWire.Client.ReadTarget.Primary,
                CancellationToken.None
            );
        }

        string As(string user, string password) =>
            $"mongodb://{user}:{password}@127.0.0.1:{mongo.Port}/?replicaSet=rs0&authSource=admin";
    }

    private static async Task ShouldBeDeniedAsync(Func<Task> work)
    {
        var denied = await Should.ThrowAsync<BackupException>(work);
        denied.Number.ShouldBe(MetadataErrors.MongoDeniesAccess);
        denied.Hint.ShouldContain("readWrite");
    }
}

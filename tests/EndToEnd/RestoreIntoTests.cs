using System.Diagnostics;
using System.Text.Json;
using Backup.MongoWire.Bson;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.EndToEnd;

/// <summary>Restores straight into real servers: what they would meet, other names, users, broken off and gone on with; and single documents.</summary>
public sealed class RestoreIntoTests
{
    private const int Many = 30_000;

    [RealMongoFact]
    public async Task ARestoreIntoMongoDbIsToldBeforehandRenamedResumedAndBringsUsers()
    {
        await using var mongo = await RealMongo.StartAsync(authentication: true);
        await using var source = TestSource.Of(mongo.ConnectionString);
        await FillAsync(source);
        // With no more than the two roles that an agent is told to have: system.views and admin.system.keys are not theirs to read.
        await using var appliance = new ApplianceProcess(As(source.Uri, "keeper:kept"));
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        (await appliance.RunAsync("snapshot", "rs0", "--wait")).Succeeded();
        await using var other = await RealMongo.StartAsync(authentication: true);
        await using var target = TestSource.Of(other.ConnectionString);
        await target.RunAsync("shop2", """{"insert":"orders","documents":[{"_id":1}]}""");

        // Beforehand: what is in the way, and nothing is written.
        string[] renamed = ["restore", "rs0", "--latest", "--to", target.Uri, "--rename", "shop.*=shop2.*"];
        var dry = await appliance.RunAsync([.. renamed, "--dry-run"]);
        dry.ExitCode.ShouldBe(1);
        var report = dry.Json.GetProperty("dryRun");
        report.GetProperty("version").GetString().ShouldBe("4.2.4");
        report.GetProperty("featureCompatibilityVersion").GetString().ShouldBe("4.2");
        report.GetProperty("conflicts")[0].GetString().ShouldBe("shop2.orders");
        report.GetProperty("freeBytes").GetInt64().ShouldBeGreaterThan(0);
        report.GetProperty("expectedBytes").GetInt64().ShouldBeGreaterThan(Many * 300);
        var refused = await appliance.RunAsync(renamed);
        refused.ErrorCode.ShouldBe("BK9030");
        var before = await target.RunAsync("shop2", """{"dbStats":1}""");
        (before.View["collections"u8].ToInt64(), before.View["objects"u8].ToInt64()).ShouldBe((1, 1));

        // A restore of another moment's contents does not go on with documents that are not its own.
        await target.RunAsync("shop2", """{"delete":"orders","deletes":[{"q":{},"limit":0}]}""");
        await target.RunAsync("shop2", """{"insert":"orders","documents":[{"_id":-5}]}""");
        (await appliance.RunAsync([.. renamed, "--resume"])).ErrorCode.ShouldBe("BK9157");
        await target.RunAsync("shop2", """{"dropDatabase":1}""");

        // Killed in the midst of it, and gone on with.
        using (var killed = appliance.Start([], [.. renamed, "--parallel", "1"]))
        {
            await UntilAsync(async () => await CountAsync(target, "shop2", "orders") > Many / 10);
            killed.Kill();
            await killed.WaitForExitAsync();
        }

        var there = await CountAsync(target, "shop2", "orders");
        var result = (await appliance.RunAsync([.. renamed, "--resume", "--users"])).Succeeded().Json;
        there.ShouldBeGreaterThan(0);
        result.GetProperty("alreadyThere").GetInt64().ShouldBeGreaterThanOrEqualTo(there);
        result.GetProperty("checked").GetString().ShouldBe("hash");
        result.GetProperty("documents").GetInt64().ShouldBe(Many + 50);
        var (was, now) = (await HashAsync(source, "shop"), await HashAsync(target, "shop2"));
        now["orders"].ShouldBe(was["orders"]);
        now["ring"].ShouldBe(was["ring"]);
        (await target.ListAsync("shop2", """{"listIndexes":"orders"}"""))
            .Select(static one => one.View["name"u8].AsString)
            .ShouldBe(["_id_", "customer_1"]);
        (await target.ListAsync("shop2", """{"find":"dear","limit":1}""")).ShouldHaveSingleItem();
        var views = (await target.ListAsync("shop2", """{"listCollections":1,"filter":{"name":"dear"}}"""))[0];
        views.View["options"u8].AsDocument["viewOn"u8].AsString.ShouldBe("orders");

        // The users that were merged log in with their own passwords.
        result.GetProperty("users").GetInt64().ShouldBe(4);
        await using (var hers = TestSource.Of(As(target.Uri, "clerk:secret")))
        {
            (await CountAsync(hers, "shop2", "orders")).ShouldBe(Many);
            await Should.ThrowAsync<Backup.MongoWire.Client.CommandException>(() =>
                hers.RunAsync("admin", """{"getLog":"global"}""")
            );
        }

        // The same names and users in files, and all of it written down.
        using var folder = new TemporaryFolder();
        var dump = folder.File("dump");
        string[] files = ["restore", "rs0", "--latest", "--format", "directory", "--output", dump];
        (await appliance.RunAsync([.. files, "--rename", "shop.*=shop2.*", "--users"])).Succeeded();
        Directory
            .EnumerateFiles(dump, "*.bson", SearchOption.AllDirectories)
            .Select(one => Path.GetRelativePath(dump, one))
            .Order(StringComparer.Ordinal)
            .ShouldBe([
                "admin/system.roles.bson",
                "admin/system.users.bson",
                "admin/system.version.bson",
                "shop2/orders.bson",
                "shop2/ring.bson",
            ]);
        var audit = (await appliance.RunAsync("audit")).Succeeded().Output;
        audit.ShouldContain("restore.into");
        audit.ShouldContain("restore.output");
        audit.ShouldNotContain("r00t");

        (await target.ListAsync("admin", """{"listCollections":1,"nameOnly":true}"""))
            .Select(static one => one.View["name"u8].AsString)
            .ShouldNotContain(static name => name.StartsWith("backup_restore", StringComparison.Ordinal));
    }

    [Fact]
    public async Task OneDocumentAsItWasAndEveryVersionThatItHad()
    {
        await using var source = await TestSource.SandboxAsync();
        await source.RunAsync(
            "shop",
            """{"insert":"orders","documents":[{"_id":7,"total":1},{"_id":"7","total":2}]}"""
        );
        await using var appliance = new ApplianceProcess(source.Uri);
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        (await appliance.RunAsync("snapshot", "rs0", "--wait")).Succeeded();
        await source.RunAsync("shop", """{"update":"orders","updates":[{"q":{"_id":7},"u":{"$set":{"total":5}}}]}""");
        await source.RunAsync("shop", """{"delete":"orders","deletes":[{"q":{"_id":7},"limit":1}]}""");
        await source.RunAsync("shop", """{"insert":"orders","documents":[{"_id":7,"total":9}]}""");

        List<JsonElement> versions = [];
        await UntilAsync(async () =>
        {
            var told = (await appliance.RunAsync("history", "rs0", "shop.orders", "7")).Succeeded().Output;
            versions = [.. Lines(told)];
            return versions.Count == 4;
        });
        versions
            .Select(static one => one.GetProperty("change").GetString())
            .ShouldBe(["was", "updated", "deleted", "inserted"]);
        versions[1].GetProperty("fields")[0].GetString().ShouldBe("total");
        foreach (var (version, total) in versions.Zip(new int?[] { 1, 5, null, 9 }))
        {
            var at = version.GetProperty("optime");
            var found = await appliance.RunAsync(
                "get",
                "rs0",
                "shop.orders",
                "7",
                "--optime",
                $"{at.GetProperty("t")},{at.GetProperty("i")}"
            );
            if (total is null)
            {
                (found.ExitCode, found.ErrorCode).ShouldBe((10, "BK9560"));
            }
            else
            {
                found.Succeeded().Json.GetProperty("document").GetProperty("total").GetInt32().ShouldBe(total.Value);
            }
        }

        var text = await appliance.RunAsync("get", "rs0", "shop.orders", "\"7\"", "--latest");
        text.Succeeded().Json.GetProperty("document").GetProperty("total").GetInt32().ShouldBe(2);
        (await appliance.RunAsync("get", "rs0", "shop.nothing", "7", "--latest")).ErrorCode.ShouldBe("BK9017");
        (await appliance.RunAsync("history", "rs0", "shop.orders", "nobody")).ErrorCode.ShouldNotBeEmpty();
    }

    private static string As(string uri, string login) =>
        uri.Replace(
            $"{RealMongo.User}:{Uri.EscapeDataString(RealMongo.Password)}@",
            $"{login}@",
            StringComparison.Ordinal
        );

    private static IEnumerable<JsonElement> Lines(string output) =>
        output
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(static line => JsonSerializer.Deserialize<JsonElement>(line));

    private static async Task FillAsync(TestSource source)
    {
        await source.RunAsync("shop", """{"create":"ring","capped":true,"size":65536,"max":50}""");
        await source.InsertAsync("shop", "ring", Documents(80, 100));
        await source.InsertAsync("shop", "orders", Documents(Many, 300));
        await source.RunAsync(
            "shop",
            """{"createIndexes":"orders","indexes":[{"key":{"customer":1},"name":"customer_1"}]}"""
        );
        await source.RunAsync("shop", """{"create":"dear","viewOn":"orders","pipeline":[{"$match":{"customer":1}}]}""");
        await source.RunAsync(
            "admin",
            """{"createRole":"counting","privileges":[{"resource":{"db":"shop2","collection":""},"actions":["find","collStats"]}],"roles":[]}"""
        );
        await source.RunAsync("admin", """{"createUser":"keeper","pwd":"kept","roles":["backup","clusterMonitor"]}""");
        await source.RunAsync("admin", """{"createUser":"clerk","pwd":"secret","roles":["counting"]}""");
    }

    private static IEnumerable<BsonDocument> Documents(int count, int padding)
    {
        var random = new Random(5);
        for (var id = 0; id < count; id++)
        {
            var bytes = new byte[padding];
            random.NextBytes(bytes);
            var own = id;
            yield return BsonDocument.Build(w =>
                w.Int32("_id"u8, own).Int32("customer"u8, own % 100).Binary("p"u8, bytes)
            );
        }
    }

    private static async Task<long> CountAsync(TestSource of, string database, string collection) =>
        (await of.RunAsync(database, $$"""{"count":"{{collection}}"}""")).View["n"u8].ToInt64();

    private static async Task<Dictionary<string, string>> HashAsync(TestSource of, string database)
    {
        var reply = await of.RunAsync(database, """{"dbHash":1}""");
        var hashes = new Dictionary<string, string>();
        foreach (var one in reply.View["collections"u8].AsDocument)
        {
            hashes[one.NameText] = one.AsString;
        }

        return hashes;
    }

    private static async Task UntilAsync(Func<Task<bool>> wanted)
    {
        for (var watch = Stopwatch.StartNew(); !await wanted(); await Task.Delay(20))
        {
            watch.Elapsed.ShouldBeLessThan(TimeSpan.FromMinutes(1));
        }
    }
}

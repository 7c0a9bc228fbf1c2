using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Backup.MongoWire.Bson;
using Backup.Sandbox;
using Backup.Tests.Support;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace Backup.Tests.EndToEnd;

/// <summary>Collections that are kept in another way than most: under a collation, capped, clustered, in buckets, in great numbers.</summary>
public sealed class CollectionShapeTests(ITestOutputHelper output)
{
    private const string Collation = """{"locale":"de","strength":1,"numericOrdering":true}""";

    /// <summary>
    /// The order of the copy is that of the collation, and so is the place where it is picked up after a kill. The judge is the server that
    /// mongorestore fills: its dbHash goes over the documents in the collation's order too, and a capped collection is listed in its natural order.
    /// </summary>
    [RealRestoreFact]
    public async Task CollationsAndCappedOrderSurviveKillsAndARestore()
    {
        await using var source = await TestSource.RealAsync();
        var random = new Random(5);
        await source.RunAsync("shop", $$"""{"create":"names","collation":{{Collation}} }""");
        await source.InsertAsync("shop", "names", Enumerable.Range(0, 8_000).Select(n => Named(n, random, 5_000)));
        await source.RunAsync("shop", """{"createIndexes":"names","indexes":[{"key":{"text":1},"name":"text"}]}""");
        await source.RunAsync("shop", """{"create":"log","capped":true,"size":30000}""");
        await source.InsertAsync("shop", "log", Enumerable.Range(0, 900).Reverse().Select(n => Named(n, random, 100)));

        await using var appliance = new ApplianceProcess(source.Uri);
        // The copy takes so long that each kill falls into the midst of it.
        appliance.Variables["BACKUP_AGENT_MB_PER_SECOND"] = "3";
        appliance.Up();
        for (var kill = 0; kill < 3; kill++)
        {
            await appliance.WaitForOutputAsync("%");
            await RespellAsync(source, random, 100);
            appliance.KillAgents();
            await appliance.KillAsync();
            appliance.ForgetOutput();
            appliance.Up();
        }

        await appliance.WaitForStateAsync("tailing");
        await RespellAsync(source, random, 100);
        await source.InsertAsync(
            "shop",
            "log",
            Enumerable.Range(1_000, 50).Reverse().Select(n => Named(n, random, 100))
        );
        var snapshot = (await appliance.RunAsync("snapshot", "rs0", "--wait")).Succeeded().Json;
        var verified = (await appliance.RunAsync("verify", RestoreCheck.Id(snapshot))).Succeeded().Json;
        verified.GetProperty("collated").EnumerateArray().Select(name => name.GetString()).ShouldBe(["shop.names"]);

        using var folder = new TemporaryFolder();
        var archive = folder.File("dump.archive");
        (await appliance.RunAsync("restore", "rs0", "--latest", "--output", archive)).Succeeded();
        await using var target = await TestSource.RealAsync();
        var (exitCode, said) = await MongoTools.RunAsync(
            "mongorestore",
            $"--uri={target.Uri}",
            "--stopOnError",
            $"--archive={archive}"
        );
        exitCode.ShouldBe(0, said);
        RestoreCheck.ShouldBeSame(
            RestoreCheck.Flat(await target.HashesAsync()),
            RestoreCheck.Flat(await source.HashesAsync())
        );
        (await target.CatalogueAsync()).ShouldBe(await source.CatalogueAsync());
        var held = await source.ListAsync("shop", """{"find":"log"}""");
        held.Count.ShouldBeInRange(100, 900, "the oldest went");
        (await target.ListAsync("shop", """{"find":"log"}""")).ShouldBe(held);
    }

    /// <summary>Made before the copy and behind it, so that listing and oplog are both read.</summary>
    [Fact]
    public async Task TimeSeriesAndClusteredCollectionsAreWhatTheyWere()
    {
        await using var source = await TestSource.SandboxAsync(
            new SandboxOptions { ReplicaSetName = "rs0", Profile = WireProfile.V50 }
        );
        await MakeAsync(source, "before");
        await using var appliance = new ApplianceProcess(source.Uri);
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        await MakeAsync(source, "after");
        await source.RunAsync("shop", """{"drop":"before dropped"}""");
        (await appliance.RunAsync("snapshot", "rs0", "--wait")).Succeeded();

        using var folder = new TemporaryFolder();
        var dump = folder.File("dump");
        (await appliance.RunAsync("restore", "rs0", "--latest", "--format", "directory", "--output", dump)).Succeeded();
        var files = Directory.EnumerateFiles(Path.Combine(dump, "shop")).Select(Path.GetFileName).Order();
        files.ShouldBe([
            "after%20clustered.bson",
            "after%20clustered.metadata.json",
            "after%20dropped.metadata.json",
            "after%20series.metadata.json",
            "after%20view.metadata.json",
            "before%20clustered.bson",
            "before%20clustered.metadata.json",
            "before%20series.metadata.json",
            "before%20view.metadata.json",
            "system.buckets.after%20dropped.bson",
            "system.buckets.after%20series.bson",
            "system.buckets.before%20series.bson",
        ]);
        foreach (var when in new[] { "before", "after" })
        {
            var (series, options) = Metadata(dump, $"{when} series");
            series.GetProperty("type").GetString().ShouldBe("timeseries");
            series.GetProperty("collectionName").GetString().ShouldBe($"{when} series");
            options.EnumerateObject().Select(option => option.Name).ShouldBe(["expireAfterSeconds", "timeseries"]);
            options.GetProperty("timeseries").GetProperty("timeField").GetString().ShouldBe("at");
            options.GetProperty("timeseries").GetProperty("granularity").GetString().ShouldBe("minutes");
            await ShouldHoldAsync(source, dump, $"system.buckets.{when} series");

            var (clustered, how) = Metadata(dump, $"{when} clustered");
            how.GetProperty("clusteredIndex").GetProperty("name").GetString().ShouldBe("by key");
            var listed = clustered.GetProperty("indexes").EnumerateArray().ToList();
            listed.Select(index => index.GetProperty("name").GetString()).ShouldBe(["by key", "n"]);
            listed[0].GetProperty("clustered").GetBoolean().ShouldBeTrue();
            await ShouldHoldAsync(source, dump, $"{when} clustered");

            Metadata(dump, $"{when} view").Whole.GetProperty("type").GetString().ShouldBe("view");
        }
    }

    [Fact]
    public async Task ThousandsOfCollectionsAreCopiedFollowedAndRestored()
    {
        var count = int.Parse(
            Environment.GetEnvironmentVariable("BACKUP_TEST_COLLECTIONS") ?? "300",
            CultureInfo.InvariantCulture
        );
        await using var source = await TestSource.SandboxAsync();
        for (var n = 0; n < count; n++)
        {
            await source.RunAsync(
                $"db{n % 10}",
                $$"""{"insert":"c{{n}}","documents":[{"_id":{{n}}},{"_id":"{{n}}"}]}"""
            );
        }

        await using var appliance = new ApplianceProcess(source.Uri);
        var watch = Stopwatch.StartNew();
        appliance.Up();
        await appliance.WaitForStateAsync("tailing", TimeSpan.FromMinutes(10));
        output.WriteLine($"{count} collections tailing after {watch.Elapsed}");
        for (var n = 0; n < count; n += 7)
        {
            await source.RunAsync($"db{n % 10}", $$"""{"insert":"c{{n}}","documents":[{"_id":"late"}]}""");
        }

        watch.Restart();
        var snapshot = await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);
        output.WriteLine($"snapshot, restore and verification after {watch.Elapsed}: {snapshot}");
        var (peak, agent) = appliance.PeakMemory();
        output.WriteLine($"peak memory: appliance {peak >> 20} MiB, agent {agent >> 20} MiB");
    }

    /// <summary>Unique under the collation by its number alone; how the rest is spelled is of no weight there, but gives another order of bytes.</summary>
    private static BsonDocument Named(int number, Random random, int size) =>
        BsonDocument.Build(w =>
            w.String("_id"u8, Spelling(random) + number.ToString(CultureInfo.InvariantCulture))
                .Int32("number"u8, number)
                .String("text"u8, new string((char)('a' + random.Next(26)), random.Next(size)))
        );

    private static string Spelling(Random random) =>
        new([.. "name".Select(letter => random.Next(2) == 0 ? letter : char.ToUpperInvariant(letter))]);

    /// <summary>Takes documents away and puts others there that are the same to the collation, and not to anybody else.</summary>
    private static async Task RespellAsync(TestSource source, Random random, int times)
    {
        for (; times > 0; times--)
        {
            var n = random.Next(8_000);
            await source.RunAsync("shop", $$"""{"delete":"names","deletes":[{"q":{"_id":"name{{n}}"},"limit":1}]}""");
            await source.InsertAsync("shop", "names", [Named(n, random, 50)]);
        }
    }

    private static async Task MakeAsync(TestSource source, string when)
    {
        string[] commands =
        [
            $$"""{"create":"{{when}} series","timeseries":{"timeField":"at","metaField":"of","granularity":"minutes"},"expireAfterSeconds":86400}""",
            $$$"""{"create":"{{{when}}} dropped","timeseries":{"timeField":"at"}}""",
            $$$"""{"create":"{{{when}}} clustered","clusteredIndex":{"key":{"_id":1},"unique":true,"name":"by key"}}""",
            $$"""{"createIndexes":"{{when}} clustered","indexes":[{"key":{"n":1},"name":"n"}]}""",
            $$"""{"create":"{{when}} view","viewOn":"system.buckets.{{when}} series","pipeline":[]}""",
        ];
        foreach (var command in commands)
        {
            await source.RunAsync("shop", command);
        }

        await source.InsertAsync("shop", $"{when} clustered", Enumerable.Range(0, 200).Reverse().Select(Clustered));
        await source.InsertAsync("shop", $"system.buckets.{when} series", Enumerable.Range(0, 200).Select(Bucket));
    }

    private static BsonDocument Clustered(int n) => ExtendedJson.Parse($$"""{"_id":{{n}},"n":{{n % 10}} }""");

    private static BsonDocument Bucket(int n) =>
        ExtendedJson.Parse(
            $$$"""
            {"_id":{"$oid":"61c4{{{n:x4}}}0000000000000000"},
             "control":{"version":1,"min":{"at":{"$date":{"$numberLong":"{{{n}}}"}},"v":1.5},"max":{"at":{"$date":{"$numberLong":"{{{n
                + 1}}}"}},"v":2.5}},
             "meta":{"sensor":{{{n % 3}}} },
             "data":{"at":{"0":{"$date":{"$numberLong":"{{{n}}}"}},"1":{"$date":{"$numberLong":"{{{n
                + 1}}}"} } },"v":{"0":1.5,"1":2.5} } }
            """
        );

    private static (JsonElement Whole, JsonElement Options) Metadata(string dump, string name)
    {
        var file = Path.Combine(dump, "shop", Uri.EscapeDataString(name) + ".metadata.json");
        var whole = JsonSerializer.Deserialize<JsonElement>(File.ReadAllText(file));
        return (whole, whole.GetProperty("options"));
    }

    private static async Task ShouldHoldAsync(TestSource source, string dump, string name)
    {
        var find = BsonDocument.Build(w => w.String("find"u8, name));
        var held = await source.ListAsync("shop", find);
        held.Count.ShouldBe(200);
        var file = Path.Combine(dump, "shop", Uri.EscapeDataString(name) + ".bson");
        (await File.ReadAllBytesAsync(file)).ShouldBe(held.SelectMany(document => document.Memory.ToArray()).ToArray());
    }
}

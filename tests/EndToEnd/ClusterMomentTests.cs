using System.Diagnostics;
using System.Text.Json;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.Tests.Support;
using Shouldly;

namespace Backup.Tests.EndToEnd;

/// <summary>A real cluster is protected as a user does it, and a moment while chunks moved is restored straight into MongoDB.</summary>
public sealed class ClusterMomentTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [RealRestoreFact]
    public async Task A_moment_between_snapshots_is_the_cluster_as_it_was_then()
    {
        await using var cluster = await RealShardedCluster.StartAsync();
        foreach (
            var command in new[]
            {
                """{"enableSharding":"shop"}""",
                """{"movePrimary":"shop","to":"s0"}""",
                """{"shardCollection":"shop.orders","key":{"_id":1} }""",
                """{"split":"shop.orders","middle":{"_id":100} }""",
                """{"split":"shop.orders","middle":{"_id":50} }""",
            }
        )
        {
            await cluster.RunAsync("admin", command);
        }

        await InsertAsync(cluster, 0, 100);
        await using var appliance = new ApplianceProcess(cluster.ConnectionString);
        appliance.Up();
        var name = await WaitForSnapshotAsync(appliance);

        await cluster.HoldRangeDeletionsAsync("s0", isHeld: true);
        await cluster.RunAsync("admin", """{"moveChunk":"shop.orders","find":{"_id":60},"to":"s1"}""");
        await cluster.RunAsync(
            "shop",
            """{"update":"orders","updates":[{"q":{"_id":{"$gte":40,"$lt":70} },"u":{"$set":{"v":"new"} },"multi":true}]}"""
        );
        await InsertAsync(cluster, 100, 20);
        var wanted = await ContentsAsync(cluster.Client);
        var moment = await OptimeAsync(cluster);
        // The shards' clocks tick by themselves: what comes in a later second is after the moment on each of them.
        await Task.Delay(TimeSpan.FromSeconds(1.1));
        await cluster.RunAsync("shop", """{"delete":"orders","deletes":[{"q":{"_id":{"$lt":90} },"limit":0}]}""");
        await WaitForMomentAsync(appliance, name, moment);

        await using var target = await RealMongo.StartAsync();
        var restored = (
            await appliance.RunAsync(
                "restore",
                name,
                "--optime",
                $"{moment.T},{moment.I}",
                "--to",
                target.ConnectionString
            )
        )
            .Succeeded()
            .Json;
        restored.GetProperty("documents").GetInt64().ShouldBe(120, "what the chunk left behind is not there twice");
        await using var client = new MongoClient(
            Backup.MongoWire.Uri.ConnectionString.Parse(target.ConnectionString),
            new MongoClientOptions()
        );
        (await ContentsAsync(client)).ShouldBe(wanted);
        await DocumentAsync(appliance, name, moment);
        await ClusterCommands.ShouldWorkAsync(appliance, name);
    }

    /// <summary>One of those that were moved: what the migration wrote is no change of it.</summary>
    private static async Task DocumentAsync(ApplianceProcess appliance, string name, (uint T, uint I) moment)
    {
        var found = (await appliance.RunAsync("get", name, "shop.orders", "60", "--optime", $"{moment.T},{moment.I}"))
            .Succeeded()
            .Json;
        found.GetProperty("document").GetProperty("v").GetString().ShouldBe("new");
        found.GetProperty("shard").GetString().ShouldBe("s1");
        // What came in after the moment is told as soon as it is stored of every set.
        List<string> told = [];
        for (var watch = Stopwatch.StartNew(); told.Count < 4 && watch.Elapsed < Patience; await Task.Delay(200))
        {
            told =
            [
                .. (await appliance.RunAsync("history", name, "shop.orders", "60"))
                    .Succeeded()
                    .Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                    .Select(static line => JsonSerializer.Deserialize<JsonElement>(line))
                    .Select(static one => $"{one.GetProperty("change")} {one.GetProperty("shard")}"),
            ];
        }

        told.ShouldBe(["was s0", "moved s1", "updated s1", "deleted s1"]);
        (await appliance.RunAsync("get", name, "shop.orders", "60", "--latest"))
            .Succeeded()
            .Json.GetProperty("shard")
            .GetString()
            .ShouldBe("s0");
    }

    private static Task InsertAsync(ShardedClusterUnderTest cluster, int from, int count) =>
        cluster.RunAsync(
            "shop",
            $$"""{"insert":"orders","documents":[{{string.Join(',', Enumerable.Range(from, count).Select(static id => $$"""{"_id":{{id}},"v":"old"}"""))}}]}"""
        );

    private static async Task<List<string>> ContentsAsync(MongoClient client)
    {
        var contents = new List<string>();
        await foreach (var one in ClusterCopy.QueryAsync(client, "shop", """{"find":"orders","sort":{"_id":1} }"""))
        {
            contents.Add(ExtendedJson.ToText(one.View));
        }

        return contents;
    }

    /// <summary>The time of the cluster now: every set's oplog is brought past it.</summary>
    private static async Task<(uint T, uint I)> OptimeAsync(ShardedClusterUnderTest cluster)
    {
        var time = 0UL;
        foreach (var set in cluster.Shards.Append(ShardedClusterUnderTest.ConfigServers))
        {
            var noted = await cluster.RunOnAsync(set, "admin", """{"appendOplogNote":1,"data":{"moment":1} }""");
            time = Math.Max(time, noted.View["operationTime"u8].AsTimestamp);
        }

        return ((uint)(time >> 32), (uint)time);
    }

    /// <returns>The cluster's name.</returns>
    private static async Task<string> WaitForSnapshotAsync(ApplianceProcess appliance)
    {
        var said = "nothing";
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < Patience; await Task.Delay(1000))
        {
            var deployments = await appliance.RunAsync("deployments", "list");
            if (deployments.ExitCode != 0)
            {
                continue;
            }

            var name = deployments.Json[0].GetProperty("name").GetString()!;
            var ranges = await appliance.RunAsync("ranges", name);
            said = ranges.Output;
            if (
                ranges.ExitCode == 0
                && ranges.Json.TryGetProperty("cuts", out var cuts)
                && cuts.GetArrayLength() > 0
                && ranges.Json.GetProperty("ranges").GetArrayLength() > 0
            )
            {
                return name;
            }
        }

        throw new TimeoutException($"There is no snapshot of the cluster, but: {said}\n{appliance.Output}");
    }

    private static async Task WaitForMomentAsync(ApplianceProcess appliance, string name, (uint T, uint I) moment)
    {
        var said = "nothing";
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < Patience; await Task.Delay(500))
        {
            var ranges = (await appliance.RunAsync("ranges", name)).Succeeded();
            said = ranges.Output;
            if (ranges.Json.GetProperty("ranges").EnumerateArray().Any(range => IsIn(range, moment)))
            {
                return;
            }
        }

        throw new TimeoutException($"The moment {moment} did not come in: {said}");
    }

    private static bool IsIn(JsonElement range, (uint T, uint I) moment)
    {
        var to = range.GetProperty("to").GetProperty("optime");
        var (t, i) = (to.GetProperty("t").GetUInt32(), to.GetProperty("i").GetUInt32());
        return t > moment.T || (t == moment.T && i >= moment.I);
    }
}

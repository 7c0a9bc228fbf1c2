using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Backup.MongoWire.Bson;
using Backup.Tests.Support;
using Shouldly;
using Xunit.Abstractions;

namespace Backup.Tests.EndToEnd;

/// <summary>
/// A real replica set of three members whose primary dies again and again under load. What was acknowledged with <c>w: majority</c> is in the
/// backup, what was rolled back is not. BACKUP_TEST_PRIMARY_KILLS sets the number of kills.
/// </summary>
public sealed class FailoverTests(ITestOutputHelper output)
{
    private static readonly TimeSpan MostBehind = TimeSpan.FromSeconds(10);

    private static readonly int Kills = int.TryParse(
        Environment.GetEnvironmentVariable("BACKUP_TEST_PRIMARY_KILLS"),
        CultureInfo.InvariantCulture,
        out var kills
    )
        ? kills
        : 3;

    [RealMongoFact]
    public async Task WhatAMajorityAcknowledgedSurvivesEveryPrimary()
    {
        await using var set = await RealReplicaSet.StartAsync();
        await using var appliance = new ApplianceProcess(set.ConnectionString);
        IReadOnlyCollection<int> acknowledged;
        await using (var writer = new MajorityWriter(set))
        {
            await writer.WaitAsync(200);
            appliance.Up();
            await appliance.WaitForStateAsync("tailing");
            for (var kill = 0; kill < Kills; kill++)
            {
                var primary = await set.PrimaryAsync();
                await set.KillAsync(primary);
                var dead = Stopwatch.StartNew();
                await writer.WaitAsync(100);
                var elected = dead.Elapsed;
                await CaughtUpAsync(set, appliance);
                output.WriteLine(
                    $"member {primary} killed; writes again after {elected.TotalSeconds:0.0} s, backed up after {dead.Elapsed.TotalSeconds:0.0} s"
                );
                (dead.Elapsed - elected).ShouldBeLessThan(MostBehind);
                set.Start(primary);
                await set.WaitForStateAsync(primary, 2);
            }

            acknowledged = writer.Acknowledged;
            output.WriteLine($"{writer.Failed} writes failed.");
        }

        await HoldsAsync(set, appliance, acknowledged);
    }

    [RealMongoFact]
    public async Task WhatWasRolledBackIsNotInTheBackup()
    {
        await using var set = await RealReplicaSet.StartAsync();
        await using var appliance = new ApplianceProcess(set.ConnectionString);
        await set.RunAsync(await set.PrimaryAsync(), "shop", Insert(-1, "majority"));
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");
        var primary = await set.PrimaryAsync();
        var others = Enumerable.Range(0, set.Count).Where(number => number != primary).ToList();

        // While the others hang, the primary takes what will be lost with it.
        await Task.WhenAll(others.Select(set.FreezeAsync));
        for (var id = -100; id < -50; id++)
        {
            await set.RunAsync(primary, "shop", Insert(id, "1"));
        }

        await set.KillAsync(primary);
        await Task.WhenAll(others.Select(set.ThawAsync));
        IReadOnlyCollection<int> acknowledged;
        await using (var writer = new MajorityWriter(set))
        {
            await writer.WaitAsync(100);
            set.Start(primary);
            await RolledBackAsync(set, primary);
            await set.WaitForStateAsync(primary, 2);
            await writer.WaitAsync(100);
            acknowledged = writer.Acknowledged;
        }

        await HoldsAsync(set, appliance, [-1, .. acknowledged]);
    }

    /// <summary>The server itself keeps what it rolled back in files: without them this test would show nothing.</summary>
    private static async Task RolledBackAsync(RealReplicaSet set, int number)
    {
        var watch = Stopwatch.StartNew();
        while (!Directory.Exists(Path.Combine(set.Folder(number), "rollback")))
        {
            watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(60), "the old primary does not roll back");
            await Task.Delay(100);
        }
    }

    private static string Insert(int id, string concern) =>
        $$"""
            {"insert":"majority","documents":[{"_id":{{id}}}],
             "writeConcern":{"w":{{(concern == "1" ? "1" : $"\"{concern}\"")}},"j":true} }
            """;

    /// <summary>The head has come to where the source was when this was asked.</summary>
    private static async Task CaughtUpAsync(RealReplicaSet set, ApplianceProcess appliance)
    {
        var status = await set.RunAsync(await set.PrimaryAsync(), "admin", """{"replSetGetStatus":1}""");
        var committed = status.View["optimes"u8].AsDocument["lastCommittedOpTime"u8].AsDocument["ts"u8].AsTimestamp;
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(100))
        {
            if (await appliance.ReplicaSetAsync() is { } seen && Applied(seen) >= committed)
            {
                return;
            }

            watch.Elapsed.ShouldBeLessThan(TimeSpan.FromMinutes(1), appliance.Output);
        }
    }

    private static ulong Applied(JsonElement replicaSet)
    {
        var optime = replicaSet.GetProperty("optime");
        return ((ulong)optime.GetProperty("t").GetUInt32() << 32) | optime.GetProperty("i").GetUInt32();
    }

    /// <summary>A snapshot of the set, which is quiet now, holds just what the set holds, and all that was acknowledged.</summary>
    private async Task HoldsAsync(RealReplicaSet set, ApplianceProcess appliance, IReadOnlyCollection<int> acknowledged)
    {
        using var folder = new TemporaryFolder();
        var snapshot = (await appliance.RunAsync("snapshot", "rs0", "--wait")).Succeeded().Json;
        string[] restore = ["restore", "rs0", "--snapshot", RestoreCheck.Id(snapshot)];
        var dump = folder.File("dump");
        (await appliance.RunAsync([.. restore, "--format", "directory", "--output", dump])).Succeeded();
        var restored = Ids(Path.Combine(dump, "shop", "majority.bson"));
        var source = await SourceIdsAsync(set);
        output.WriteLine(
            $"{acknowledged.Count} acknowledged, {source.Count} in the source, {restored.Count} restored."
        );
        restored.Count.ShouldBe(restored.Distinct().Count());
        acknowledged.Except(restored).ShouldBeEmpty("acknowledged by a majority, and lost");
        restored.Order().ShouldBe(source.Order());
        var hash = await set.RunAsync(await set.PrimaryAsync(), "shop", """{"dbHash":1}""");
        var (hashes, _) = RestoreCheck.ReadDirectory(dump);
        hashes[("shop", "majority")].ShouldBe(hash.View["collections"u8].AsDocument["majority"u8].AsString);
    }

    private static List<int> Ids(string file)
    {
        var ids = new List<int>();
        foreach (var document in new BsonSequence(File.ReadAllBytes(file)))
        {
            ids.Add(document["_id"u8].AsInt32);
        }

        return ids;
    }

    private static async Task<List<int>> SourceIdsAsync(RealReplicaSet set)
    {
        var distinct = await set.RunAsync(
            await set.PrimaryAsync(),
            "shop",
            """{"distinct":"majority","key":"_id","readConcern":{"level":"majority"}}"""
        );
        var ids = new List<int>();
        foreach (var id in distinct.View["values"u8].AsDocument)
        {
            ids.Add(id.AsInt32);
        }

        return ids;
    }
}

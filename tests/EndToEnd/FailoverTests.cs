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

/// <summary>
/// A replica set of several members, the sandbox's and a real one, whose members come and go under load. What was acknowledged with
/// <c>w: majority</c> is in the backup, what was rolled back is not. BACKUP_TEST_PRIMARY_KILLS sets the number of kills.
/// </summary>
public sealed class FailoverTests(ITestOutputHelper output)
{
    private const int Recovering = 3;
    private const int Secondary = 2;
    private static readonly TimeSpan MostBehind = TimeSpan.FromSeconds(10);

    /// <summary>A host that hangs answers nobody: that takes a heartbeat and its time limit to find out.</summary>
    private static readonly TimeSpan MostBehindAfterHang = TimeSpan.FromSeconds(15);

    /// <summary>A lag has to be there before it can be seen, and to last.</summary>
    private static readonly TimeSpan MostBehindAfterStall = TimeSpan.FromSeconds(30);

    private static readonly int Kills = int.TryParse(
        Environment.GetEnvironmentVariable("BACKUP_TEST_PRIMARY_KILLS"),
        CultureInfo.InvariantCulture,
        out var kills
    )
        ? kills
        : 3;

    /// <summary>Number 2 is the one that is read from: it is hidden.</summary>
    private static SandboxOptions WithHidden =>
        new() { Members = [new(), new(), new() { Priority = 0, Hidden = true }] };

    [RealMongoFact]
    public async Task WhatAMajorityAcknowledgedSurvivesEveryPrimary() =>
        await KillPrimariesAsync(await RealReplicaSet.StartAsync());

    [Fact]
    public async Task WhatAMajorityAcknowledgedSurvivesEveryPrimaryOfTheSandbox() =>
        await KillPrimariesAsync(await SandboxSet.StartAsync());

    [RealMongoFact]
    public async Task WhatWasRolledBackIsNotInTheBackup() => await RollBackAsync(await RealReplicaSet.StartAsync());

    [Fact]
    public async Task WhatTheSandboxRolledBackIsNotInTheBackup() => await RollBackAsync(await SandboxSet.StartAsync());

    [RealMongoFact]
    public async Task AStepDownAMemberThatHangsOneThatRecoversAndOneThatIsRemovedLoseNothing() =>
        await ComeAndGoAsync(
            await RealReplicaSet.StartAsync(3, number => number == 2 ? "\"priority\":0,\"hidden\":true" : "")
        );

    [Fact]
    public async Task AStepDownAMemberOfTheSandboxThatHangsOneThatRecoversAndOneThatIsRemovedLoseNothing() =>
        await ComeAndGoAsync(await SandboxSet.StartAsync(options: WithHidden));

    [Fact]
    public async Task AMemberThatIsCutOffFallsBehindAndIsLeftAndAPrimaryThatIsCutOffTakesWhatNobodyBacksUp()
    {
        await using var set = await SandboxSet.StartAsync(options: WithHidden);
        await using var appliance = new ApplianceProcess(set.ConnectionString);
        IReadOnlyCollection<int> acknowledged;
        await using (var writer = new MajorityWriter(set))
        {
            await writer.WaitAsync(50);
            appliance.Up();
            await appliance.WaitForStateAsync("tailing");

            set.Sandbox.CutOff(2, true);
            await BehindAsync(set, appliance, MostBehindAfterStall, "the member that is read is cut off");
            set.Sandbox.CutOff(2, false);

            set.Sandbox.Nodes[2].Stall(true);
            await writer.WaitAsync(50);
            await BehindAsync(set, appliance, MostBehindAfterStall, "it is stuck");
            set.Sandbox.Nodes[2].Stall(false);

            var primary = await set.PrimaryAsync();
            set.Sandbox.CutOff(primary, true);
            for (var id = -100; id < -50; id++)
            {
                // The primary steps down in the midst of it; what it takes until then is lost.
                await Should.NotThrowAsync(() => TryInsertAsync(set, primary, id));
            }

            await writer.WaitAsync(50);
            set.Sandbox.CutOff(primary, false);
            await set.WaitForRollbackAsync(primary);
            await BehindAsync(set, appliance, MostBehind, "the primary was cut off");
            acknowledged = writer.Acknowledged;
        }

        await HoldsAsync(set, appliance, acknowledged);
    }

    private async Task KillPrimariesAsync(ReplicaSetUnderTest started)
    {
        await using var set = started;
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
                await writer.WaitAsync(100);
                await BehindAsync(set, appliance, MostBehind, $"member {primary} was killed");
                await set.ReviveAsync(primary);
                await set.WaitForStateAsync(primary, Secondary);
            }

            acknowledged = writer.Acknowledged;
            output.WriteLine($"{writer.Failed} writes failed.");
        }

        await HoldsAsync(set, appliance, acknowledged);
    }

    private async Task RollBackAsync(ReplicaSetUnderTest started)
    {
        await using var set = started;
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
            await set.ReviveAsync(primary);
            await set.WaitForRollbackAsync(primary);
            await set.WaitForStateAsync(primary, Secondary);
            await writer.WaitAsync(100);
            acknowledged = writer.Acknowledged;
        }

        await HoldsAsync(set, appliance, [-1, .. acknowledged]);
    }

    /// <summary>Of three members, of which the hidden number 2 is read from first.</summary>
    private async Task ComeAndGoAsync(ReplicaSetUnderTest started)
    {
        await using var set = started;
        await using var appliance = new ApplianceProcess(set.ConnectionString);
        IReadOnlyCollection<int> acknowledged;
        await using (var writer = new MajorityWriter(set))
        {
            await writer.WaitAsync(100);
            appliance.Up();
            await appliance.WaitForStateAsync("tailing");

            await set.StepDownAsync();
            await writer.WaitAsync(50);
            await BehindAsync(set, appliance, MostBehind, "the primary stepped down");

            await set.FreezeAsync(2);
            await writer.WaitAsync(50);
            await BehindAsync(set, appliance, MostBehindAfterHang, "the member that is read hangs");
            await set.ThawAsync(2);

            var read = await set.PrimaryAsync() == 0 ? 1 : 0;
            await set.RunAsync(read, "admin", """{"replSetMaintenance":true}""");
            await set.WaitForStateAsync(read, Recovering);
            await writer.WaitAsync(50);
            await BehindAsync(set, appliance, MostBehind, "the member that is read recovers");
            await set.RunAsync(read, "admin", """{"replSetMaintenance":false}""");
            await set.WaitForStateAsync(read, Secondary);

            await set.RemoveAsync(2);
            await writer.WaitAsync(50);
            await BehindAsync(set, appliance, MostBehind, "the hidden member was removed");
            acknowledged = writer.Acknowledged;
            output.WriteLine($"{writer.Failed} writes failed.");
        }

        await HoldsAsync(set, appliance, acknowledged);
    }

    private static async Task TryInsertAsync(ReplicaSetUnderTest set, int number, int id)
    {
        try
        {
            await set.RunAsync(number, "shop", Insert(id, "1"));
        }
        catch (MongoWire.Client.CommandException refused) when (refused.ServerCode == 10107)
        {
            // It is the primary no longer.
        }
    }

    private static string Insert(int id, string concern) =>
        $$"""
            {"insert":"majority","documents":[{"_id":{{id}}}],
             "writeConcern":{"w":{{(concern == "1" ? "1" : $"\"{concern}\"")}},"j":true} }
            """;

    /// <summary>The head comes to where the source is now, not later than that.</summary>
    private async Task BehindAsync(ReplicaSetUnderTest set, ApplianceProcess appliance, TimeSpan most, string what)
    {
        var watch = Stopwatch.StartNew();
        var status = await set.RunAsync(await set.PrimaryAsync(), "admin", """{"replSetGetStatus":1}""");
        var committed = status.View["optimes"u8].AsDocument["lastCommittedOpTime"u8].AsDocument["ts"u8].AsTimestamp;
        while (await appliance.ReplicaSetAsync() is not { } seen || Applied(seen) < committed)
        {
            watch.Elapsed.ShouldBeLessThan(TimeSpan.FromMinutes(1), appliance.Output);
            await Task.Delay(100);
        }

        output.WriteLine($"{what}: backed up after {watch.Elapsed.TotalSeconds:0.0} s");
        watch.Elapsed.ShouldBeLessThan(most, what);
    }

    private static ulong Applied(JsonElement replicaSet)
    {
        if (replicaSet.GetProperty("optime") is not { ValueKind: JsonValueKind.Object } optime)
        {
            return 0;
        }

        return ((ulong)optime.GetProperty("t").GetUInt32() << 32) | optime.GetProperty("i").GetUInt32();
    }

    /// <summary>A snapshot of the set, which is quiet now, holds just what the set holds, and all that was acknowledged.</summary>
    private async Task HoldsAsync(
        ReplicaSetUnderTest set,
        ApplianceProcess appliance,
        IReadOnlyCollection<int> acknowledged
    )
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

    private static async Task<List<int>> SourceIdsAsync(ReplicaSetUnderTest set)
    {
        var distinct = await set.RunAsync(
            await set.PrimaryAsync(),
            "shop",
            """{"distinct":"majority","key":"_id","readConcern":{"level":"majority"} }"""
        );
        var ids = new List<int>();
        foreach (var id in distinct.View["values"u8].AsDocument)
        {
            ids.Add(id.AsInt32);
        }

        return ids;
    }
}

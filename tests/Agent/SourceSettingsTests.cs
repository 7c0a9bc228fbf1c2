using System.Diagnostics;
using System.Text.Json;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Backup.Tests.Support;
using Shouldly;
using Xunit;
using Xunit.Abstractions;

namespace Backup.Tests.Agent;

/// <summary>An operator changes how a source is read while it is read: the agent follows within seconds, and nothing is lost or sent twice.</summary>
public sealed class SourceSettingsTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Seconds = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task ACopyIsSlowedDownPausedAndGoesOnWhereItWas()
    {
        const int documents = 120;
        await using var all = await Appliance.StartAsync();
        for (var id = 0; id < documents; id++)
        {
            _ = all.Source.Insert("shop", "orders", Appliance.Document(id, 1 << 20));
        }

        await all.ProtectAsync(all.Source.ConnectionString);
        await SetAsync(all, new SourceSettings(BytesPerSecond: 4_000_000));
        all.StartAgent();
        var set = await all.ReplicaSetAsync(one => one.SyncId is not null);
        _ = await all.UntilAsync(() => SlicesAsync(all, set, 1), "the first slice does not come");
        var loaded = await WithinAsync(all, one => LoadOf(one) is { Seconds: >= 4 }, "the load is not told");
        var load = LoadOf(loaded)!;
        output.WriteLine($"{load}");
        load.BytesPerSecond.ShouldBeInRange(1_500_000, 9_000_000);
        load.CommandsPerSecond.ShouldBeInRange(2, 100);
        load.Cursors.ShouldBeInRange(1, 3, "the tail, and at most two collections");
        load.Throttled.ShouldBeInRange(0.2, 1);

        await SetAsync(all, new SourceSettings(BytesPerSecond: 4_000_000, PausedAt: TimeProvider.System.GetUtcNow()));
        var lease = (await all.Metadata.Leases.ListAsync()).Single();
        _ = await PhaseAsync(all, "paused");
        var stored = await StoredAsync(all);
        _ = all.Source.Insert("shop", "orders", Appliance.Document(1000));
        await Task.Delay(2500);
        (await StoredAsync(all)).ShouldBe(stored, "neither copy nor oplog are read");
        var report = await PhaseAsync(all, "paused");
        var source = JsonSerializer.Deserialize(report.Source!, AgentJson.Default.SourceReport)!;
        source.Oplog.ShouldNotBeNull().Seconds.ShouldBeGreaterThanOrEqualTo(0);
        var held = (await all.Metadata.Leases.ListAsync()).Single();
        (held.Fence, held.AgentId, held.Renewals > lease.Renewals).ShouldBe((lease.Fence, lease.AgentId, true));

        // Without a bound the rest is there in less time than it would take at the old rate.
        var watch = Stopwatch.StartNew();
        await SetAsync(all, new SourceSettings(BytesPerSecond: 4_000_000));
        _ = await all.UntilAsync(() => SlicesAsync(all, set, 2), "it does not go on");
        await SetAsync(all, new SourceSettings(BytesPerSecond: 0));
        set = await all.ReplicaSetAsync(one => one.State == ReplicaSetState.CatchingUp);
        watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(20), all.Log.ToString());
        (await all.Metadata.Leases.ListAsync()).Single().Fence.ShouldBe(lease.Fence);
        var orders = (await all.Metadata.Syncs.CollectionsAsync(set.SyncId!)).Single(one =>
            one.Namespace == "shop.orders"
        );
        orders.Documents.ShouldBeInRange(documents, documents + 1);
        all.Log.ToString().ShouldNotContain(" error ");
    }

    [Fact]
    public async Task AnAgentThatStartsWithAPausedSourceReadsNothingUntilItIsToGoOn()
    {
        await using var all = await Appliance.StartAsync();
        _ = all.Source.Insert("shop", "orders", Appliance.Document(1));
        await all.ProtectAsync(all.Source.ConnectionString);
        await SetAsync(all, new SourceSettings(PausedAt: TimeProvider.System.GetUtcNow()));
        all.StartAgent();
        _ = await PhaseAsync(all, "paused");
        await Task.Delay(1500);
        (await all.Metadata.Deployments.ReplicaSetsAsync()).ShouldBeEmpty();
        await SetAsync(all, new SourceSettings());
        _ = await all.ReplicaSetAsync(one => one.State == ReplicaSetState.CatchingUp);
    }

    [RealMongoFact]
    public async Task TheRuleForTheMemberIsFollowedAndNeverBent()
    {
        await using var scene = await MemberScene.StartAsync(
            output,
            "\"priority\":2",
            "\"tags\":{\"dc\":\"east\",\"use\":\"backup\"}",
            "\"priority\":0,\"hidden\":true,\"tags\":{\"dc\":\"west\"}"
        );
        var all = scene.All;
        await scene.FollowAsync();
        scene.ReadFrom.ShouldBe(2);

        await SetAsync(all, new SourceSettings(Member: "tags:use=backup,dc=east"));
        await scene.MovedAsync(1, "a tag set");
        await SetAsync(all, new SourceSettings(Member: $"host:{scene.Set.Address(2)}"));
        await scene.MovedAsync(2, "a named host");
        await SetAsync(all, new SourceSettings(Member: "tags:dc=west"));
        await scene.ReachedAsync(MemberScene.Soon, "a tag of a hidden one");
        scene.ReadFrom.ShouldBe(2);
        await Task.Delay(2000);
        all.Log.ToString().ShouldNotContain("has not the tags");

        await SetAsync(all, new SourceSettings(Member: "primary"));
        await scene.MovedAsync(0, "the primary");

        // Nobody fits: it waits and says so, with the reason.
        var starts = scene.Starts.Count;
        await SetAsync(all, new SourceSettings(Member: "tags:dc=north"));
        (await FaultAsync(all, "BK7021")).ShouldContain("none of the members has these tags");
        await SetAsync(all, new SourceSettings(Member: "host:elsewhere:27017"));
        (await FaultAsync(all, "BK7021", "elsewhere")).ShouldContain("it is not among the members");
        await scene.Set.KillAsync(2);
        await SetAsync(all, new SourceSettings(Member: $"host:{scene.Set.Address(2)}"));
        _ = await FaultAsync(all, "BK7021", $"{scene.Set.Address(2)}: ");
        scene.Starts.Count.ShouldBe(starts, all.Log.ToString());
        scene.Set.Start(2);
        await scene.KnownAsSecondaryAsync(2);
        await scene.MovedAsync(2, "the named host is back");
        _ = await WithinAsync(all, one => one.Code is null, "the fault is over");
        await scene.CloseAsync();
    }

    [RealMongoFact]
    public async Task ARealOplogTellsHowMuchTimeItHolds()
    {
        await using var scene = await MemberScene.StartAsync(output, "");
        await scene.FollowAsync();
        await SetAsync(scene.All, new SourceSettings(PausedAt: TimeProvider.System.GetUtcNow()));
        var report = await PhaseAsync(scene.All, "paused", one => one.Source?.Contains("seconds") == true);
        var window = JsonSerializer.Deserialize(report.Source!, AgentJson.Default.SourceReport)!.Oplog!;
        var span = (long)window.Last.T - window.First.T;

        // 100 MB with a few kilobytes in it: it will hold far more than until now.
        window.Seconds.ShouldBeGreaterThan(20 * Math.Max(1, span));
        window.SecondsLeft(window.Last.T).ShouldBe(window.Seconds);
        window.SecondsLeft(window.Last.T - 5).ShouldBe(window.Seconds - 5);
    }

    private static async Task SetAsync(Appliance all, SourceSettings settings) =>
        await all.Metadata.Deployments.SetSourceAsync("d1", settings);

    private static async Task<object?> SlicesAsync(Appliance all, ReplicaSetRecord set, int atLeast)
    {
        var collections = await all.Metadata.Syncs.CollectionsAsync(set.SyncId!);
        return collections.Any(one => one.NextSequence >= atLeast) ? collections : null;
    }

    private static LoadReport? LoadOf(AgentReport report) =>
        report.Source is { } json ? JsonSerializer.Deserialize(json, AgentJson.Default.SourceReport)!.Load : null;

    private static async Task<int> StoredAsync(Appliance all) => await all.Objects.ListAsync("").CountAsync();

    private static Task<AgentReport> PhaseAsync(Appliance all, string phase, Func<AgentReport, bool>? and = null) =>
        WithinAsync(all, one => one.Phase == phase && and?.Invoke(one) != false, phase);

    private static async Task<string> FaultAsync(Appliance all, string code, string inMessage = "") =>
        (
            await WithinAsync(
                all,
                one => one.Code == code && one.Message!.Contains(inMessage, StringComparison.Ordinal),
                $"{code} {inMessage}"
            )
        ).Message!;

    private static async Task<AgentReport> WithinAsync(Appliance all, Func<AgentReport, bool> wanted, string what)
    {
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(50))
        {
            var reports = await all.Metadata.Deployments.AgentReportsAsync();
            if (reports.FirstOrDefault(wanted) is { } report)
            {
                return report;
            }

            watch.Elapsed.ShouldBeLessThan(Seconds, $"{what}\n{string.Join('\n', reports)}\n{all.Log}");
        }
    }
}

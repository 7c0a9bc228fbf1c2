using System.Net;
using System.Text.Json;
using Backup.BackupHttpServer;
using Backup.BackupHttpServer.Access;
using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Backup.Metadata.Sqlite;
using Backup.MongoWire.Bson;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.BackupHttpServer;

/// <summary>Of several agents one works, by a lease; whoever lost it changes nothing any more, however late what it sent comes in.</summary>
public sealed class LeaseTests
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);

    [Fact]
    public async Task TheFirstWorksTheOthersStandByAndTakeOverWhenItIsSilent()
    {
        await using var all = await DeskFixture.StartAsync();
        var desk = all.Desk();
        (await all.ClaimAsync(desk, "a")).Fence.ShouldBe(1);
        var waits = await all.ClaimAsync(desk, "b");
        waits.Fence.ShouldBeNull();
        waits.Holder.ShouldStartWith("host-a");
        waits.AskAgainSeconds.ShouldBe(3);

        // Alive it keeps the lease for as long as it likes.
        for (var minute = 0; minute < 20; minute++)
        {
            all.Time.Advance(Silence - Moment);
            (await all.ClaimAsync(desk, "a")).Fence.ShouldBe(1);
            (await all.ClaimAsync(desk, "b")).Fence.ShouldBeNull();
        }

        all.Time.Advance(Silence - Moment);
        (await all.ClaimAsync(desk, "b")).Fence.ShouldBeNull();
        all.Time.Advance(Moment);
        (await all.ClaimAsync(desk, "b")).Fence.ShouldBe(2);
        (await all.ClaimAsync(desk, "a", held: 1)).Fence.ShouldBeNull();
        (await all.ClaimAsync(desk, "b", held: 2)).Fence.ShouldBe(2);
    }

    [Fact]
    public async Task ASilentOneThatNobodyReplacedGoesOnUnderItsLease()
    {
        await using var all = await DeskFixture.StartAsync();
        var desk = all.Desk();
        (await all.ClaimAsync(desk, "a")).Fence.ShouldBe(1);
        all.Time.Advance(TimeSpan.FromHours(1));
        (await all.ClaimAsync(desk, "a", held: 1)).Fence.ShouldBe(1);
        (await all.ClaimAsync(desk, "b")).Fence.ShouldBeNull();
    }

    [Theory]
    [InlineData(-3600)]
    [InlineData(3600)]
    public async Task AWallClockThatJumpsNeitherTakesTheLeaseNorKeepsIt(int seconds)
    {
        await using var all = await DeskFixture.StartAsync();
        var desk = all.Desk();
        (await all.ClaimAsync(desk, "a")).Fence.ShouldBe(1);
        (await all.ClaimAsync(desk, "b")).Fence.ShouldBeNull();
        all.Time.JumpWall(TimeSpan.FromSeconds(seconds));
        (await all.ClaimAsync(desk, "b")).Fence.ShouldBeNull("it was heard a moment ago");
        all.Time.Advance(Silence);
        (await all.ClaimAsync(desk, "b")).Fence.ShouldBe(2);
    }

    [Fact]
    public async Task TwoServersOnOneCatalogueGrantOneLeaseWhateverTheirClocksSay()
    {
        await using var all = await DeskFixture.StartAsync();
        var late = new ManualClock();
        late.JumpWall(TimeSpan.FromDays(-3));
        late.Advance(TimeSpan.FromHours(5));
        await using var second = await all.OpenAgainAsync(late);
        var (one, other) = (all.Desk(), new LeaseDesk(second, Silence, late));

        // Both at once, again and again: one of the two has it each time.
        for (var round = 1; round <= 10; round++)
        {
            var answers = await Task.WhenAll(all.ClaimAsync(one, "a", round), all.ClaimAsync(other, "b", round));
            answers.Count(answer => answer.Fence is not null).ShouldBe(1);
            var holder = answers[0].Fence is not null ? "a" : "b";
            await one.ReleaseAsync(all.Agents[holder], "d1", new LeaseClaim(holder, round), default);
        }

        // A holder that talks to one server is alive for the other too, though that one hears of it only when asked.
        var fence = (await all.ClaimAsync(one, "a")).Fence;
        for (var round = 0; round < 10; round++)
        {
            (await all.ClaimAsync(other, "b")).Fence.ShouldBeNull();
            await Task.Delay(50);
            late.Advance(TimeSpan.FromSeconds(10));
            (await all.ClaimAsync(one, "a", held: fence)).Fence.ShouldBe(fence);
        }

        // A server that was started just now waits for the whole silence before it believes in it.
        await using var third = await all.OpenAgainAsync(late);
        var fresh = new LeaseDesk(third, Silence, late);
        late.Advance(TimeSpan.FromHours(1));
        (await all.ClaimAsync(fresh, "b")).Fence.ShouldBeNull();
        late.Advance(Silence);
        (await all.ClaimAsync(fresh, "b")).Fence.ShouldBe(fence + 1);
        (await all.ClaimAsync(one, "a", held: fence)).Fence.ShouldBeNull();
    }

    [Fact]
    public async Task AnAgentStartedAgainTakesItsOwnLeaseAtOnceButTwoRunsOfOneDoNotTakeItInTurns()
    {
        await using var all = await DeskFixture.StartAsync();
        var desk = all.Desk();
        (await all.ClaimAsync(desk, "a", session: "first")).Fence.ShouldBe(1);
        (await all.ClaimAsync(desk, "a", session: "second")).Fence.ShouldBe(2);
        (await all.ClaimAsync(desk, "a", held: 1, session: "first")).Fence.ShouldBeNull();
        (await all.ClaimAsync(desk, "a", held: 2, session: "second")).Fence.ShouldBe(2);
        all.Time.Advance(Silence);
        (await all.ClaimAsync(desk, "a", held: 1, session: "first")).Fence.ShouldBe(3);
    }

    [Fact]
    public async Task ALeaseGivenBackOrOfARevokedAgentIsFreeAtOnce()
    {
        await using var all = await DeskFixture.StartAsync();
        var desk = all.Desk();
        (await all.ClaimAsync(desk, "a")).Fence.ShouldBe(1);
        await desk.ReleaseAsync(all.Agents["b"], "d1", new LeaseClaim("b", 1), default);
        (await all.ClaimAsync(desk, "b")).Fence.ShouldBeNull("another's word gives nothing back");
        await desk.ReleaseAsync(all.Agents["a"], "d1", new LeaseClaim("a", 1), default);
        (await all.ClaimAsync(desk, "b")).Fence.ShouldBe(2);
        await all.Metadata.Access.RevokeAgentAsync(all.Agents["b"].Id);
        (await all.ClaimAsync(desk, "a", held: 1)).Fence.ShouldBe(3);
    }

    [Fact]
    public async Task WhoWorksIsToldWhetherSomebodyStandsBy()
    {
        await using var all = await DeskFixture.StartAsync();
        var desk = all.Desk();
        (await all.ClaimAsync(desk, "a")).StandBys.ShouldBe(0);
        await all.Metadata.Deployments.SetAgentReportAsync(
            new AgentReport("d1", all.Agents["b"].Id, "standing by", null, null, null, all.Time.GetUtcNow())
        );
        (await all.ClaimAsync(desk, "a", held: 1)).StandBys.ShouldBe(1);
        all.Time.Advance(Silence);
        (await all.ClaimAsync(desk, "a", held: 1)).StandBys.ShouldBe(0);
    }

    /// <summary>The old agent paused with all of these on their way, another took over, the old one goes on.</summary>
    [Fact]
    public async Task WhateverComesUnderALeaseThatIsOverIsRefusedAndChangesNothing()
    {
        await using var all = await ServerFixture.StartAsync();
        (await AcceptedAsync(all, all.SyncSlice(0, One))).ShouldBeTrue();
        var overtaken = all.Fence;
        await TakeOverAsync(all);
        var (old, next) = (overtaken, all.Fence);
        next.ShouldBe(old + 1);

        all.Fence = old;
        var begin = ServerFixture.Begin;
        HttpRequestMessage[] late =
        [
            all.SyncSlice(1, Two),
            all.OplogSlice(0, begin, begin, begin, Entry(begin)),
            all.Post(AgentRoutes.RangeDone(all.SyncId, ServerFixture.Orders, 0)),
            all.Post(AgentRoutes.RangeReset(all.SyncId, ServerFixture.Orders, 0)),
            all.Post(
                AgentRoutes.Copied(all.SyncId),
                new CopiedReport(WireOptime.From(begin)),
                AgentJson.Default.CopiedReport
            ),
            all.Post(
                AgentRoutes.Holes(all.ReplicaSetId),
                new HoleReport(WireOptime.From(begin), WireOptime.From(begin), new Fault("BK7010", "a", "b")),
                AgentJson.Default.HoleReport
            ),
            all.Post(
                AgentRoutes.Discovery("d1"),
                new DiscoveryReport("rs9", new string('a', 24), "9.9.9", "4.2", "wiredTiger", []),
                AgentJson.Default.DiscoveryReport
            ),
        ];
        var before = await all.StoredAsync();
        foreach (var request in late)
        {
            await OverAsync(all, request, BackupHttpServerErrors.OtherAgent);
        }

        // A heartbeat says nothing of the source any more, and is no error.
        var beat = new Heartbeat(
            "1",
            [new("d1", null, all.ReplicaSetId, "p", WireOptime.From(new(999, 1, 1)), 0, 0, old, ReadAfter: 1)]
        );
        using (var answer = await all.SendAsync(all.Post(AgentRoutes.Heartbeat, beat, AgentJson.Default.Heartbeat)))
        {
            answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        (await all.StoredAsync()).ShouldBe(before);

        all.Fence = next;
        (await AcceptedAsync(all, all.SyncSlice(1, Two))).ShouldBeTrue();
        (await AcceptedAsync(all, all.OplogSlice(0, begin, begin, begin, Entry(begin)))).ShouldBeTrue();
    }

    [Fact]
    public async Task ASliceThatWasAlreadyReceivedWhenTheLeaseChangedHandsIsNotRecorded()
    {
        await using var all = await ServerFixture.StartAsync();
        all.Objects.Stored = async () =>
        {
            // Between the object and its row: the request was let in under the lease that is over now.
            all.Objects.Stored = null;
            await TakeOverAsync(all);
        };
        await OverAsync(all, all.SyncSlice(0, One), MetadataErrors.LeaseLost);
        var position = await all.Metadata.Syncs.FindCollectionAsync(all.SyncId, ServerFixture.Orders, 0);
        position!.NextSequence.ShouldBe(0);
        (await AcceptedAsync(all, all.SyncSlice(0, Two))).ShouldBeTrue();

        var begin = ServerFixture.Begin;
        all.Objects.Stored = async () =>
        {
            all.Objects.Stored = null;
            await TakeOverAsync(all);
        };
        await OverAsync(all, all.OplogSlice(0, begin, begin, begin, Entry(begin)), MetadataErrors.LeaseLost);
        (await all.Metadata.OplogSlices.NewestAsync(all.SyncId)).ShouldBeNull();
    }

    [Fact]
    public async Task ARequestWithoutAFencingNumberIsRefused()
    {
        await using var all = await ServerFixture.StartAsync();
        foreach (var value in new[] { null, "", "x", "-1", "1,1" })
        {
            var request = all.SyncSlice(0, One);
            request.Headers.Remove(AgentHeaders.Fence);
            if (value is not null)
            {
                request.Headers.TryAddWithoutValidation(AgentHeaders.Fence, value);
            }

            using var answer = await all.SendAsync(request);
            answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
            (await CodeAsync(answer)).ShouldBe($"BK{BackupHttpServerErrors.HeaderWrong}");
        }
    }

    [Fact]
    public async Task AHeartbeatWithOneDeploymentThatIsGoneTellsOfTheOthers()
    {
        await using var all = await ServerFixture.StartAsync();
        var gone = new DeploymentReport("gone", null, null, "p", null, 0, 0, null);
        var there = new DeploymentReport(
            "d1",
            null,
            all.ReplicaSetId,
            "p",
            WireOptime.From(new(999, 1, 1)),
            0,
            0,
            all.Fence
        );
        var first = await BeatAsync(all, gone, there);
        first.Deployments.ShouldHaveSingleItem().DeploymentId.ShouldBe("d1");
        var set = await all.Metadata.Deployments.FindReplicaSetAsync(all.ReplicaSetId);
        set!.SourceSeenAt.ShouldBeNull("it is not known how old that is");

        // Held up on its way, it stays as old as it is: the moment is that of the answer after which it was read.
        await Task.Delay(50);
        _ = await BeatAsync(all, gone, there with { ReadAfter = first.Now });
        set = await all.Metadata.Deployments.FindReplicaSetAsync(all.ReplicaSetId);
        set!.SourceOptime.ShouldBe(new Optime(999, 1, 1));
        set.SourceSeenAt.ShouldBe(DateTimeOffset.FromUnixTimeMilliseconds(first.Now));

        var absurd = new Heartbeat("1", [there with { ReadAfter = long.MaxValue }]);
        using var answer = await all.SendAsync(all.Post(AgentRoutes.Heartbeat, absurd, AgentJson.Default.Heartbeat));
        (await CodeAsync(answer)).ShouldBe($"BK{BackupHttpServerErrors.JsonWrong}");
    }

    [Fact]
    public async Task TheSourcesSettingsComeWithConfigurationAndHeartbeatAndWhatTheAgentSaysIsKept()
    {
        await using var all = await ServerFixture.StartAsync();
        var report = new DeploymentReport("d1", null, all.ReplicaSetId, "p", null, 0, 0, all.Fence);
        var before = (await BeatAsync(all, report)).Deployments.Single().Source;
        before.ShouldBe(new SourceOrder(0, "secondary", 2, 0, Paused: false));

        var paused = TimeProvider.System.GetUtcNow();
        _ = await all.Metadata.Deployments.SetSourceAsync("d1", new(0, "primary", 5, 7_000_000, paused));
        var source = new SourceReport(
            "db1:27017",
            "the primary",
            1,
            new OplogWindow(WireOptime.From(new(1, 1, 1)), WireOptime.From(new(9, 1, 1)), 8)
        );
        var after = (await BeatAsync(all, report with { Source = source })).Deployments.Single().Source;
        after.ShouldBe(new SourceOrder(1, "primary", 5, 7_000_000, Paused: true));
        using var answer = await all.SendAsync(all.Get(AgentRoutes.Configuration));
        var configuration = await JsonSerializer.DeserializeAsync(
            await answer.Content.ReadAsStreamAsync(),
            AgentJson.Default.AgentConfiguration
        );
        configuration!.Deployments.Single().Source.ShouldBe(after);
        var stored = (await all.Metadata.Deployments.AgentReportsAsync()).Single().Source;
        JsonSerializer.Deserialize(stored!, AgentJson.Default.SourceReport).ShouldBe(source);
    }

    private static async Task<HeartbeatAnswer> BeatAsync(ServerFixture all, params DeploymentReport[] reports)
    {
        var beat = new Heartbeat("1", reports);
        using var answer = await all.SendAsync(all.Post(AgentRoutes.Heartbeat, beat, AgentJson.Default.Heartbeat));
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (
            await JsonSerializer.DeserializeAsync(
                await answer.Content.ReadAsStreamAsync(),
                AgentJson.Default.HeartbeatAnswer
            )
        )!;
    }

    private static SliceParts One => SliceParts.Of(BsonDocument.Build(w => w.Int32("_id"u8, 1)));

    private static SliceParts Two => SliceParts.Of(BsonDocument.Build(w => w.Int32("_id"u8, 2)));

    private static SliceParts Entry(Optime optime) =>
        SliceParts.Of(BsonDocument.Build(w => w.Timestamp("ts"u8, optime.Timestamp).Int64("t"u8, optime.Term)));

    /// <summary>The same agent, started again, gets the next lease.</summary>
    private static async Task TakeOverAsync(ServerFixture all) =>
        all.Fence = (await all.ClaimAsync(Guid.NewGuid().ToString("N"))).Fence!.Value;

    private static async Task<bool> AcceptedAsync(ServerFixture all, HttpRequestMessage request)
    {
        using var answer = await all.SendAsync(request);
        return answer.StatusCode == HttpStatusCode.OK;
    }

    private static async Task OverAsync(ServerFixture all, HttpRequestMessage request, int number)
    {
        using var answer = await all.SendAsync(request);
        answer.StatusCode.ShouldBe(HttpStatusCode.Conflict, $"{request.RequestUri}");
        (await CodeAsync(answer)).ShouldBe($"BK{number}");
    }

    private static async Task<string> CodeAsync(HttpResponseMessage answer) =>
        JsonSerializer.Deserialize(await answer.Content.ReadAsStringAsync(), AgentJson.Default.Problem)!.Code;

    /// <summary>One catalogue with a deployment and the agents a and b; desks with clocks of their own.</summary>
    private sealed class DeskFixture : IAsyncDisposable
    {
        private readonly TemporaryFolder _folder = new();

        public ManualClock Time { get; } = new();

        public SqliteMetadataStore Metadata { get; private set; } = null!;

        public Dictionary<string, AgentRecord> Agents { get; } = [];

        public static async Task<DeskFixture> StartAsync()
        {
            var made = new DeskFixture();
            made.Metadata = await made.OpenAgainAsync(made.Time);
            var group = await made.Metadata.Access.EnsureGroupAsync("default");
            var now = made.Time.GetUtcNow();
            await made.Metadata.Deployments.EnsureAsync(new("d1", group.Id, "shop", "replicaSet", "mongodb://a", now));
            foreach (var name in new[] { "a", "b" })
            {
                byte[] hash = [.. Enumerable.Repeat((byte)name[0], 32)];
                await made.Metadata.Access.AddTokenAsync(new EnrolmentToken(hash, group.Id, now.AddHours(1), false));
                var agent = new AgentRecord($"id-{name}", "", $"host-{name}", "1", now, null, false);
                var key = new ApiKeyRecord($"key-{name}", "", agent.Id, hash, ApiKeyState.Valid, now);
                made.Agents[name] = (await made.Metadata.Access.EnrolAsync(hash, agent, key))!;
            }

            return made;
        }

        /// <summary>As another process has it.</summary>
        public Task<SqliteMetadataStore> OpenAgainAsync(TimeProvider time) =>
            SqliteMetadataStore.OpenAsync(_folder.File("metadata.db"), time);

        public LeaseDesk Desk() => new(Metadata, Silence, Time);

        public Task<LeaseAnswer> ClaimAsync(LeaseDesk desk, string agent, long? held = null, string? session = null) =>
            desk.ClaimAsync(Agents[agent], "d1", new LeaseClaim(session ?? agent, held), default);

        public async ValueTask DisposeAsync()
        {
            await Metadata.DisposeAsync();
            _folder.Dispose();
        }
    }
}

/// <summary>Goes forward only when told to; what it says the time of day is jumps apart from that.</summary>
internal sealed class ManualClock : TimeProvider
{
    private TimeSpan _monotonic;
    private DateTimeOffset _wall = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => _wall;

    public override long GetTimestamp() => _monotonic.Ticks;

    public void Advance(TimeSpan by)
    {
        _monotonic += by;
        _wall += by;
    }

    public void JumpWall(TimeSpan by) => _wall += by;
}

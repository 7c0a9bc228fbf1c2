using System.Net;
using Backup.BackupHttpServer;
using Backup.BackupHttpServer.Limits;
using Backup.Foundation.Contracts;
using Backup.MongoWire.Bson;
using Shouldly;
using Xunit;

namespace Backup.Tests.BackupHttpServer;

/// <summary>Bounds hold for each agent and for the server; who is over them is told when to come again.</summary>
public sealed class LimitTests
{
    private static readonly SliceParts Good = SliceParts.Of(BsonDocument.Build(w => w.Int32("_id"u8, 1)));

    [Fact]
    public async Task AnAgentHasOnlySoManyRequestsInWorkAndOthersAreServed()
    {
        await using var all = await ServerFixture.StartAsync(With(limits => limits with { RequestsPerAgent = 2 }));
        var other = await all.EnrolAsync("default");
        await using (await OpenAsync(all))
        await using (await OpenAsync(all))
        {
            await LimitedAsync(all, all.Agent.ApiKey, BackupHttpServerErrors.AgentTooBusy);
            (await all.StatusAsync(other.ApiKey)).ShouldBe(HttpStatusCode.OK);
        }

        await ServedAgainAsync(all);
    }

    [Fact]
    public async Task TheServerTakesOnlySoManyRequests()
    {
        await using var all = await ServerFixture.StartAsync(With(limits => limits with { Requests = 1 }));
        await using (await OpenAsync(all))
        {
            await LimitedAsync(all, all.Agent.ApiKey, BackupHttpServerErrors.ServerTooBusy);
        }

        await ServedAgainAsync(all);
    }

    [Fact]
    public async Task WhoIsNotKnownTakesNoPlaceOfAgentsAndHasLessTime()
    {
        await using var all = await ServerFixture.StartAsync(
            With(limits =>
                limits with
                {
                    Requests = 1,
                    StrangersRequests = 3,
                    StrangersRequestsPerAddress = 2,
                    StrangersBodyTimeout = TimeSpan.FromSeconds(1),
                }
            )
        );
        // An enrolment whose body does not come.
        await using (var slow = await OpenEnrolmentAsync(all))
        {
            (await all.StatusAsync(all.Agent.ApiKey)).ShouldBe(HttpStatusCode.OK, "the agents' only place is free");
            await using (await OpenEnrolmentAsync(all))
            {
                await LimitedAsync(all, all.Agent.ApiKey, BackupHttpServerErrors.ServerTooBusy);
            }

            (await slow.ReadAllAsync()).ShouldContain("BK8022");
        }

        await ServedAgainAsync(all);
    }

    [Fact]
    public async Task AnAgentSendsOnlySoManyRequestsInASecond()
    {
        await using var all = await ServerFixture.StartAsync(
            With(limits => limits with { RequestsPerSecondPerAgent = 4 })
        );
        var other = await all.EnrolAsync("default");
        var refused = 0;
        for (var n = 0; n < 40; n++)
        {
            refused += await all.StatusAsync(all.Agent.ApiKey) == HttpStatusCode.TooManyRequests ? 1 : 0;
        }

        refused.ShouldBeGreaterThan(0);
        (await all.StatusAsync(other.ApiKey)).ShouldBe(HttpStatusCode.OK);
        await Task.Delay(600);
        (await all.StatusAsync(all.Agent.ApiKey)).ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData(1, 160 << 20)]
    [InlineData(20, 100)]
    public async Task AnAgentHasOnlySoManySlicesInFlight(int slices, long bytes)
    {
        await using var all = await ServerFixture.StartAsync(
            With(limits => limits with { SlicesPerAgent = slices, SliceBytesPerAgent = bytes })
        );
        await using (await OpenAsync(all))
        {
            using var refused = await all.SendAsync(all.SyncSlice(0, Good));
            refused.Headers.RetryAfter!.Delta.ShouldNotBeNull();
            await ServerFixture.RefusedAsync(
                refused,
                HttpStatusCode.TooManyRequests,
                BackupHttpServerErrors.AgentTooBusy
            );
        }

        await ServedAgainAsync(all);
    }

    [Fact]
    public async Task CopiesWaitWhileTheBackEndIsBehindAndTheOplogGoesOn()
    {
        string? reason = null;
        await using var all = await ServerFixture.StartAsync(options => options with { HoldCopies = () => reason });
        reason = "the disk is nearly full";
        using (var copy = await all.SendAsync(all.SyncSlice(0, Good)))
        {
            copy.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(5));
            (await copy.Content.ReadAsStringAsync()).ShouldContain(reason);
            await ServerFixture.RefusedAsync(
                copy,
                HttpStatusCode.TooManyRequests,
                BackupHttpServerErrors.BackEndBehind
            );
        }

        var begin = ServerFixture.Begin;
        var entry = SliceParts.Of(
            BsonDocument.Build(w => w.Timestamp("ts"u8, begin.Timestamp).Int64("t"u8, begin.Term))
        );
        using (var oplog = await all.SendAsync(all.OplogSlice(0, begin, begin, begin, entry)))
        {
            oplog.StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        reason = null;
        using var later = await all.SendAsync(all.SyncSlice(0, Good));
        later.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    private static Func<BackupHttpServerOptions, BackupHttpServerOptions> With(
        Func<RequestLimits, RequestLimits> change
    ) => options => options with { Limits = change(options.Limits) };

    private static async Task LimitedAsync(ServerFixture all, string key, int number)
    {
        var request = all.Get(AgentRoutes.Configuration);
        request.Headers.Authorization = new("Bearer", key);
        using var answer = await all.SendAsync(request);
        answer.Headers.RetryAfter!.Delta!.Value.ShouldBeGreaterThan(TimeSpan.Zero);
        await ServerFixture.RefusedAsync(answer, HttpStatusCode.TooManyRequests, number);
    }

    /// <summary>A slice of the agent whose body does not come; the server has it in work when this is back.</summary>
    private static async Task<TlsSocket> OpenAsync(ServerFixture all)
    {
        var socket = await TlsSocket.ConnectAsync(all.Server);
        await socket.SendAsync(
            $"PUT {AgentRoutes.SyncSlice(all.SyncId, ServerFixture.Orders, 0, 0)} HTTP/1.1\r\nHost: localhost\r\n"
                + $"{AgentHeaders.Protocol}: {AgentProtocol.Version}\r\n{AgentHeaders.Fence}: {all.Fence}\r\nAuthorization: Bearer {all.Agent.ApiKey}\r\n"
                + $"Content-Type: {AgentProtocol.SliceMediaType}\r\nContent-Length: 60\r\nExpect: 100-continue\r\n"
                + $"{AgentHeaders.RawLength}: 60\r\n{AgentHeaders.Documents}: 1\r\n{AgentHeaders.Sha256}: {Good.Sha256}\r\n\r\n"
        );
        // It asks for the body once it has let the slice in.
        System.Text.Encoding.ASCII.GetString(await socket.ReadAsync(12)).ShouldBe("HTTP/1.1 100");
        return socket;
    }

    /// <summary>An enrolment whose body does not come; the server has it in work when this is back.</summary>
    private static async Task<TlsSocket> OpenEnrolmentAsync(ServerFixture all)
    {
        var socket = await TlsSocket.ConnectAsync(all.Server);
        await socket.SendAsync(
            $"POST {AgentRoutes.Enrol} HTTP/1.1\r\nHost: localhost\r\n{AgentHeaders.Protocol}: {AgentProtocol.Version}\r\n"
                + "Content-Type: application/json\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n"
        );
        System.Text.Encoding.ASCII.GetString(await socket.ReadAsync(12)).ShouldBe("HTTP/1.1 100");
        return socket;
    }

    /// <summary>A slice is taken again soon after the one in work was given up; the server may take a moment to see that.</summary>
    private static async Task ServedAgainAsync(ServerFixture all)
    {
        for (var tries = 0; ; tries++)
        {
            using var slice = await all.SendAsync(all.SyncSlice(0, Good));
            if (slice.StatusCode == HttpStatusCode.OK)
            {
                return;
            }

            slice.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
            tries.ShouldBeLessThan(100, "what was taken is not given back");
            await Task.Delay(50);
        }
    }
}

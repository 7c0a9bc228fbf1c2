using System.Net;
using System.Net.Http.Json;
using Backup.BackupHttpServer;
using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.MongoWire.Bson;
using Shouldly;
using Xunit;

namespace Backup.Tests.BackupHttpServer;

/// <summary>Two instances on the same stores behave as one, whichever request goes to which.</summary>
public sealed class InstanceTests
{
    [Fact]
    public async Task SlicesInTurnAreOneSequenceAndARepeatedOneIsKnownByBoth()
    {
        await using var all = await ServerFixture.StartAsync();
        await using var second = await all.AnotherAsync();
        HttpClient?[] instances = [null, second.Http];
        for (var n = 0; n < 6; n++)
        {
            (await PutAsync(all, n, instances[n % 2])).ShouldBe(new SliceAnswer(n + 1, Duplicate: false));
            (await PutAsync(all, n, instances[(n + 1) % 2])).ShouldBe(new SliceAnswer(n + 1, Duplicate: true));
        }

        foreach (var http in instances)
        {
            using var early = await all.SendAsync(all.SyncSlice(8, Slice(8)), http);
            await ServerFixture.RefusedAsync(early, HttpStatusCode.Conflict, BackupHttpServerErrors.OutOfOrder);
            using var other = await all.SendAsync(all.SyncSlice(2, Slice(77)), http);
            await ServerFixture.RefusedAsync(other, HttpStatusCode.Conflict, BackupHttpServerErrors.OtherContent);
        }
    }

    [Fact]
    public async Task TheSameSliceAtBothAtTheSameTimeIsStoredOnce()
    {
        await using var all = await ServerFixture.StartAsync();
        await using var second = await all.AnotherAsync();
        var previous = ServerFixture.Begin;
        for (var n = 0; n < 20; n++)
        {
            var last = new Optime(200 + (uint)n, 1, 1);
            Optime[] entries = n == 0 ? [previous, last] : [last];
            var answers = await Task.WhenAll(
                OplogAsync(all, n, previous, entries, null),
                OplogAsync(all, n, previous, entries, second.Http),
                OplogAsync(all, n, previous, entries, second.Http)
            );
            answers.ShouldAllBe(answer => answer.NextSequence == n + 1);
            answers.Count(answer => !answer.Duplicate).ShouldBe(1);
            previous = last;
        }

        var stored = await all.Metadata.OplogSlices.AfterAsync(all.SyncId, Optime.Zero, 100);
        stored.Select(slice => slice.Sequence).ShouldBe(Enumerable.Range(0, 20).Select(n => (long)n));
    }

    [Fact]
    public async Task ATokenEnrolsOnceHoweverManyInstancesAreAsked()
    {
        await using var all = await ServerFixture.StartAsync();
        await using var second = await all.AnotherAsync();
        second.Host.CaFingerprint.Span.SequenceEqual(all.Server.CaFingerprint.Span).ShouldBeTrue();
        for (var n = 0; n < 5; n++)
        {
            var token = await all.TokenAsync("default");
            var answers = await Task.WhenAll(
                all.SendEnrolAsync(token),
                all.SendEnrolAsync(token, http: second.Http),
                all.SendEnrolAsync(token, http: second.Http)
            );
            answers.Count(answer => answer.StatusCode == HttpStatusCode.OK).ShouldBe(1);
            answers.Count(answer => answer.StatusCode == HttpStatusCode.Forbidden).ShouldBe(2);
        }
    }

    [Fact]
    public async Task AKeyThatIsReplacedAtOneInstanceHasEndedAtTheOther()
    {
        await using var all = await ServerFixture.StartAsync();
        await using var second = await all.AnotherAsync();
        using var offered = await all.SendAsync(all.Post(AgentRoutes.Key), second.Http);
        var next = (await offered.Content.ReadFromJsonAsync(AgentJson.Default.KeyAnswer))!.ApiKey;
        (await all.StatusAsync(next, AgentRoutes.KeyConfirmation, HttpMethod.Post)).ShouldBe(HttpStatusCode.NoContent);
        (await all.StatusAsync(next, http: second.Http)).ShouldBe(HttpStatusCode.OK);
        await all.RefusedAsync(
            all.Agent.ApiKey,
            HttpStatusCode.Unauthorized,
            BackupHttpServerErrors.KeyReplaced,
            second.Http
        );
        await all.Metadata.Access.RevokeAgentAsync(all.Agent.AgentId);
        await all.RefusedAsync(next, HttpStatusCode.Forbidden, BackupHttpServerErrors.AgentRevoked, second.Http);
    }

    [Fact]
    public async Task TheRateLimitIsThatOfAllInstancesTogether()
    {
        const int perSecond = 20;
        await using var all = await ServerFixture.StartAsync(options =>
            options with
            {
                Limits = options.Limits with { RequestsPerSecondPerAgent = perSecond },
            }
        );
        await using var second = await all.AnotherAsync();
        await JoinedAsync(all);
        var stranger = await all.EnrolAsync("default");
        var watch = System.Diagnostics.Stopwatch.StartNew();
        var served = 0;
        for (var n = 0; n < 200; n++)
        {
            var http = n % 2 == 0 ? null : second.Http;
            served += await all.StatusAsync(stranger.ApiKey, http: http) == HttpStatusCode.OK ? 1 : 0;
        }

        // What two seconds bring at once, and what came while it was asked; a request counted at its start, hence the two more.
        var most = (perSecond * 2) + (perSecond * watch.Elapsed.TotalSeconds) + 2;
        served.ShouldBeLessThanOrEqualTo((int)Math.Ceiling(most));
        served.ShouldBeGreaterThanOrEqualTo(perSecond * 2);
    }

    [Fact]
    public async Task InstancesThatStartTogetherMakeOneAuthority()
    {
        using var folder = new Support.TemporaryFolder();
        var made = await Task.WhenAll(
            Enumerable
                .Range(0, 6)
                .Select(_ => Backup.BackupHttpServer.Certificates.CertificateAuthority.EnsureAsync(folder.File("tls")))
        );
        made.Select(one => Convert.ToHexString(one.Fingerprint.Span)).Distinct().ShouldHaveSingleItem();
        made.Select(one => one.ServerCertificate().Thumbprint).Distinct().ShouldHaveSingleItem();
        Directory.GetFiles(folder.File("tls"), "*~").ShouldBeEmpty();
    }

    /// <summary>The first instance knows of the second once it has told that it is there itself.</summary>
    private static async Task JoinedAsync(ServerFixture all) => await Task.Delay(TimeSpan.FromSeconds(2.5));

    private static SliceParts Slice(int id) => SliceParts.Of(BsonDocument.Build(w => w.Int32("_id"u8, id)));

    private static async Task<SliceAnswer> PutAsync(ServerFixture all, int sequence, HttpClient? http)
    {
        using var answer = await all.SendAsync(all.SyncSlice(sequence, Slice(sequence)), http);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(AgentJson.Default.SliceAnswer))!;
    }

    private static async Task<SliceAnswer> OplogAsync(
        ServerFixture all,
        int sequence,
        Optime previous,
        Optime[] optimes,
        HttpClient? http
    )
    {
        var entries = SliceParts.Of([
            .. optimes.Select(one =>
                BsonDocument.Build(w => w.Timestamp("ts"u8, one.Timestamp).Int64("t"u8, one.Term))
            ),
        ]);
        using var answer = await all.SendAsync(
            all.OplogSlice(sequence, previous, optimes[0], optimes[^1], entries),
            http
        );
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(AgentJson.Default.SliceAnswer))!;
    }
}

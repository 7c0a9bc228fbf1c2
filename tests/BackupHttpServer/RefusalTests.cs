using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Backup.BackupHttpServer;
using Backup.Foundation;
using Backup.Foundation.Contracts;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Shouldly;
using Xunit;

namespace Backup.Tests.BackupHttpServer;

/// <summary>Whatever is refused has its number, its status and a hint, and leaves nothing behind.</summary>
public sealed class RefusalTests
{
    private static readonly BsonDocument One = Document(1);

    private static readonly Dictionary<string, (SliceParts Parts, int Number, HttpStatusCode Status)> BadSlices = new()
    {
        ["raw length too short"] = (
            Good with
            {
                RawLength = $"{One.Length - 1}",
            },
            BackupHttpServerErrors.FrameDamaged,
            HttpStatusCode.UnprocessableEntity
        ),
        ["raw length too long"] = (
            Good with
            {
                RawLength = $"{One.Length + 1}",
            },
            BackupHttpServerErrors.FrameDamaged,
            HttpStatusCode.UnprocessableEntity
        ),
        ["raw length beyond the bound"] = (
            Good with
            {
                RawLength = $"{AgentProtocol.MaxSliceRawLength + 1}",
            },
            BackupHttpServerErrors.BodyTooLong,
            HttpStatusCode.RequestEntityTooLarge
        ),
        ["raw length that is no number"] = (
            Good with
            {
                RawLength = "-5",
            },
            BackupHttpServerErrors.HeaderWrong,
            HttpStatusCode.BadRequest
        ),
        ["damaged frame"] = (
            Good with
            {
                Frame = [.. Good.Frame[..^3], 1, 2, 3],
                Sha256 = Good.Sha256,
            },
            0,
            HttpStatusCode.UnprocessableEntity
        ),
        ["cut frame"] = (
            Good with
            {
                Frame = Good.Frame[..^1],
            },
            BackupHttpServerErrors.FrameDamaged,
            HttpStatusCode.UnprocessableEntity
        ),
        ["bytes behind the frame"] = (
            Good with
            {
                Frame = [.. Good.Frame, 0],
            },
            BackupHttpServerErrors.FrameDamaged,
            HttpStatusCode.UnprocessableEntity
        ),
        ["wrong hash"] = (
            Good with
            {
                Sha256 = new string('0', 64),
            },
            BackupHttpServerErrors.HashWrong,
            HttpStatusCode.UnprocessableEntity
        ),
        ["hash that is none"] = (
            Good with
            {
                Sha256 = "zz",
            },
            BackupHttpServerErrors.HeaderWrong,
            HttpStatusCode.BadRequest
        ),
        ["wrong count"] = (
            Good with
            {
                Documents = "2",
            },
            BackupHttpServerErrors.CountWrong,
            HttpStatusCode.UnprocessableEntity
        ),
        ["malformed document"] = (
            SliceParts.OfRaw([.. One.Memory.ToArray()[..^1], 7], 1),
            BackupHttpServerErrors.BsonDamaged,
            HttpStatusCode.UnprocessableEntity
        ),
        ["half a document"] = (
            SliceParts.OfRaw([.. One.Memory.ToArray(), .. One.Memory.ToArray()[..5]], 2),
            BackupHttpServerErrors.BsonDamaged,
            HttpStatusCode.UnprocessableEntity
        ),
    };

    private static SliceParts Good => SliceParts.Of(One);

    public static TheoryData<string> SliceFaults => [.. BadSlices.Keys];

    [Theory]
    [MemberData(nameof(SliceFaults))]
    public async Task ADamagedSyncSliceIsRefusedAndNothingIsStored(string fault)
    {
        await using var all = await ServerFixture.StartAsync();
        var (parts, number, status) = BadSlices[fault];
        await RefusedAsync(all, all.SyncSlice(0, parts), status, number);
    }

    [Theory]
    [MemberData(nameof(SliceFaults))]
    public async Task ADamagedOplogSliceIsRefusedAndNothingIsStored(string fault)
    {
        await using var all = await ServerFixture.StartAsync();
        var (parts, number, status) = BadSlices[fault];
        var request = all.OplogSlice(0, ServerFixture.Begin, ServerFixture.Begin, ServerFixture.Begin, parts);
        await RefusedAsync(all, request, status, fault == "wrong count" ? 0 : number);
    }

    [Fact]
    public async Task WhoeverHasNoRightToAskIsRefused()
    {
        await using var all = await ServerFixture.StartAsync();
        var keyless = all.SyncSlice(0, Good);
        keyless.Headers.Authorization = null;
        await RefusedAsync(all, keyless, HttpStatusCode.Unauthorized, BackupHttpServerErrors.KeyUnknown);

        var wrong = all.SyncSlice(0, Good);
        wrong.Headers.Authorization = new AuthenticationHeaderValue("Bearer", new string('A', 43));
        await RefusedAsync(all, wrong, HttpStatusCode.Unauthorized, BackupHttpServerErrors.KeyUnknown);

        var old = all.SyncSlice(0, Good);
        old.Headers.Remove(AgentHeaders.Protocol);
        old.Headers.Add(AgentHeaders.Protocol, "0");
        await RefusedAsync(all, old, HttpStatusCode.BadRequest, BackupHttpServerErrors.ProtocolMismatch);

        await all.Metadata.Access.RevokeAgentAsync(all.Agent.AgentId);
        await RefusedAsync(all, all.SyncSlice(0, Good), HttpStatusCode.Forbidden, BackupHttpServerErrors.AgentRevoked);
    }

    [Fact]
    public async Task AnAgentOfAnotherGroupSeesNothing()
    {
        await using var all = await ServerFixture.StartAsync();
        all.Agent = await all.EnrolAsync("strangers");
        HttpRequestMessage[] asked =
        [
            all.SyncSlice(0, Good),
            all.OplogSlice(
                0,
                ServerFixture.Begin,
                ServerFixture.Begin,
                ServerFixture.Begin,
                Entries(ServerFixture.Begin)
            ),
            all.Post(AgentRoutes.RangeDone(all.SyncId, ServerFixture.Orders, 0)),
            all.Post(AgentRoutes.RangeReset(all.SyncId, ServerFixture.Orders, 0)),
            all.Post(
                AgentRoutes.Copied(all.SyncId),
                new CopiedReport(WireOptime.From(ServerFixture.Begin)),
                AgentJson.Default.CopiedReport
            ),
            all.Post(
                AgentRoutes.Holes(all.ReplicaSetId),
                new HoleReport(
                    WireOptime.From(ServerFixture.Begin),
                    WireOptime.From(ServerFixture.Begin),
                    new Fault("BK7010", "a", "b")
                ),
                AgentJson.Default.HoleReport
            ),
            all.Post(
                AgentRoutes.Monitoring("d1"),
                new MonitoringSample(DateTimeOffset.UnixEpoch, [], [], [], 0, null),
                AgentJson.Default.MonitoringSample
            ),
            all.Post(
                AgentRoutes.Discovery("d1"),
                new DiscoveryReport("rs0", new string('a', 24), "4.2.4", "4.2", "wiredTiger", []),
                AgentJson.Default.DiscoveryReport
            ),
        ];
        foreach (var request in asked)
        {
            await RefusedAsync(all, request, HttpStatusCode.NotFound, BackupHttpServerErrors.NotFound);
        }

        using var answer = await all.SendAsync(all.Get(AgentRoutes.Configuration));
        (await answer.Content.ReadFromJsonAsync(AgentJson.Default.AgentConfiguration))!.Deployments.ShouldBeEmpty();
    }

    [Fact]
    public async Task ATokenEnrolsOnceAndNotAfterItsTime()
    {
        await using var all = await ServerFixture.StartAsync();
        var token = await all.TokenAsync("default");
        using (var first = await all.SendEnrolAsync(token))
        {
            first.StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        var expired = await all.TokenAsync("default", TimeSpan.FromMilliseconds(1));
        await Task.Delay(20);
        string[] refused = [token, expired, $"bk1.x.{new string('A', 43)}", "bk1.x.short"];
        foreach (var one in refused)
        {
            var before = await all.StoredAsync();
            using var answer = await all.SendEnrolAsync(one);
            await ServerFixture.RefusedAsync(answer, HttpStatusCode.Forbidden, BackupHttpServerErrors.TokenRefused);
            (await all.StoredAsync()).ShouldBe(before);
        }
    }

    [Fact]
    public async Task ABodyThatIsTooLongIsRefusedBeforeItIsRead()
    {
        await using var all = await ServerFixture.StartAsync();
        var request = all.SyncSlice(0, Good);
        request.Content = new StreamContent(new MemoryStream([1]));
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(AgentProtocol.SliceMediaType);
        request.Content.Headers.ContentLength = AgentProtocol.MaxSliceBodyLength + 1L;
        request.Headers.ExpectContinue = true;
        await RefusedAsync(all, request, HttpStatusCode.RequestEntityTooLarge, BackupHttpServerErrors.BodyTooLong);

        var json = all.Post(AgentRoutes.Heartbeat);
        json.Content = new ByteArrayContent(new byte[AgentProtocol.MaxJsonLength + 1]);
        json.Headers.ExpectContinue = true;
        await RefusedAsync(all, json, HttpStatusCode.RequestEntityTooLarge, BackupHttpServerErrors.BodyTooLong);
    }

    [Fact]
    public async Task SyncSlicesComeInOrderAndTheSameOneTwiceChangesNothing()
    {
        await using var all = await ServerFixture.StartAsync();
        await RefusedAsync(all, all.SyncSlice(1, Good), HttpStatusCode.Conflict, BackupHttpServerErrors.OutOfOrder);
        (await AnswerAsync(all, all.SyncSlice(0, Good))).ShouldBe(new SliceAnswer(1, Duplicate: false));

        var before = await all.StoredAsync();
        (await AnswerAsync(all, all.SyncSlice(0, Good))).ShouldBe(new SliceAnswer(1, Duplicate: true));
        (await all.StoredAsync()).ShouldBe(before);

        var other = all.SyncSlice(0, SliceParts.Of(Document(2)));
        await RefusedAsync(all, other, HttpStatusCode.Conflict, BackupHttpServerErrors.OtherContent);
        await RefusedAsync(all, all.SyncSlice(3, Good), HttpStatusCode.Conflict, BackupHttpServerErrors.OutOfOrder);
        await RefusedAsync(all, all.SyncSlice(1, Good), HttpStatusCode.Conflict, BackupHttpServerErrors.IdRepeated);
    }

    [Fact]
    public async Task OplogSlicesContinueOneAnother()
    {
        await using var all = await ServerFixture.StartAsync();
        Optime a = ServerFixture.Begin,
            b = new(101, 1, 1),
            c = new(102, 1, 1),
            d = new(103, 1, 1);
        await RefusedAsync(
            all,
            all.OplogSlice(0, b, b, c, Entries(b, c)),
            HttpStatusCode.Conflict,
            BackupHttpServerErrors.ContinuityLost
        );
        await RefusedAsync(
            all,
            all.OplogSlice(1, a, b, c, Entries(b, c)),
            HttpStatusCode.Conflict,
            BackupHttpServerErrors.OutOfOrder
        );
        (await AnswerAsync(all, all.OplogSlice(0, a, a, b, Entries(a, b)))).ShouldBe(new SliceAnswer(1, false));
        (await AnswerAsync(all, all.OplogSlice(0, a, a, b, Entries(a, b)))).ShouldBe(new SliceAnswer(1, true));
        await RefusedAsync(
            all,
            all.OplogSlice(0, a, a, c, Entries(a, c)),
            HttpStatusCode.Conflict,
            BackupHttpServerErrors.OtherContent
        );

        await RefusedAsync(
            all,
            all.OplogSlice(1, a, c, d, Entries(c, d)),
            HttpStatusCode.Conflict,
            BackupHttpServerErrors.ContinuityLost
        );
        await RefusedAsync(
            all,
            all.OplogSlice(1, c, d, d, Entries(d)),
            HttpStatusCode.Conflict,
            BackupHttpServerErrors.ContinuityLost
        );
        await RefusedAsync(
            all,
            all.OplogSlice(1, b, b, c, Entries(b, c)),
            HttpStatusCode.Conflict,
            BackupHttpServerErrors.ContinuityLost
        );
        var otherTerm = new Optime(b.T, b.I, 2);
        await RefusedAsync(
            all,
            all.OplogSlice(1, otherTerm, c, d, Entries(c, d)),
            HttpStatusCode.Conflict,
            BackupHttpServerErrors.ContinuityLost
        );
        foreach (
            var entries in new[] { Entries(c), Entries(d), Entries(d, c), Entries(c, c), Entries(c, new(103, 1, 0)) }
        )
        {
            await RefusedAsync(all, all.OplogSlice(1, b, c, d, entries), HttpStatusCode.UnprocessableEntity, 0);
        }

        (await AnswerAsync(all, all.OplogSlice(1, b, c, d, Entries(c, d)))).ShouldBe(new SliceAnswer(2, false));
    }

    [Fact]
    public async Task AFullDiskIsSaidSoAndTheSameSliceIsTakenOnceThereIsRoom()
    {
        await using var all = await ServerFixture.StartAsync();
        all.Objects.IsFull = true;
        var retry = await RefusedAsync(
            all,
            all.SyncSlice(0, Good),
            HttpStatusCode.ServiceUnavailable,
            FoundationErrors.DiskFull
        );
        retry.ShouldNotBeNull();
        var entries = all.OplogSlice(
            0,
            ServerFixture.Begin,
            ServerFixture.Begin,
            ServerFixture.Begin,
            Entries(ServerFixture.Begin)
        );
        _ = await RefusedAsync(all, entries, HttpStatusCode.ServiceUnavailable, FoundationErrors.DiskFull);
        all.Server.Trouble!.Number.ShouldBe(FoundationErrors.DiskFull);

        all.Objects.IsFull = false;
        (await AnswerAsync(all, all.SyncSlice(0, Good))).Duplicate.ShouldBeFalse();
        all.Server.Trouble.ShouldNotBeNull("one route works again, the other does not yet");
        _ = await AnswerAsync(
            all,
            all.OplogSlice(
                0,
                ServerFixture.Begin,
                ServerFixture.Begin,
                ServerFixture.Begin,
                Entries(ServerFixture.Begin)
            )
        );
        all.Server.Trouble.ShouldBeNull();
    }

    [Fact]
    public async Task WithoutMemoryForSlicesTheAgentIsToldToComeBack()
    {
        await using var all = await ServerFixture.StartAsync(options => options with { SliceBudget = 1000 });
        var large = SliceParts.Of(BsonDocument.Build(w => w.Int32("_id"u8, 1).Binary("b"u8, new byte[2000])));
        var retry = await RefusedAsync(
            all,
            all.SyncSlice(0, large),
            HttpStatusCode.TooManyRequests,
            BackupHttpServerErrors.Busy
        );
        retry.ShouldNotBeNull();
        (await AnswerAsync(all, all.SyncSlice(0, Good))).Duplicate.ShouldBeFalse();
    }

    [Fact]
    public async Task ABodyThatDoesNotComeIsCutOffAndItsMemoryIsFreeAgain()
    {
        await using var all = await ServerFixture.StartAsync(options =>
            options with
            {
                SliceBudget = 4000,
                MinBodyBytesPerSecond = 1000,
                BodyGrace = TimeSpan.FromSeconds(1.5),
            }
        );
        var before = await all.StoredAsync();
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, all.Server.EndPoint.Port);
        await using var tls = new SslStream(socket.GetStream(), false, static (_, _, _, _) => true);
        await tls.AuthenticateAsClientAsync("localhost");
        var head =
            $"PUT {AgentRoutes.SyncSlice(all.SyncId, ServerFixture.Orders, 0, 0)} HTTP/1.1\r\nHost: localhost\r\n"
            + $"{AgentHeaders.Protocol}: {AgentProtocol.Version}\r\n{AgentHeaders.Fence}: {all.Fence}\r\nAuthorization: Bearer {all.Agent.ApiKey}\r\n"
            + $"Content-Type: {AgentProtocol.SliceMediaType}\r\nContent-Length: 2000\r\n"
            + $"{AgentHeaders.RawLength}: 1500\r\n{AgentHeaders.Documents}: 1\r\n{AgentHeaders.Sha256}: {Good.Sha256}\r\n\r\n";
        await tls.WriteAsync(Encoding.ASCII.GetBytes(head));
        await tls.WriteAsync(Good.Frame.AsMemory(0, 4));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        using var reader = new StreamReader(tls);
        var answer = await reader.ReadToEndAsync(patience.Token);
        answer.ShouldStartWith("HTTP/1.1 408");
        answer.ShouldContain("BK8022");
        (await all.StoredAsync()).ShouldBe(before);

        var large = SliceParts.Of(BsonDocument.Build(w => w.Int32("_id"u8, 1).Binary("b"u8, new byte[3000])));
        (await AnswerAsync(all, all.SyncSlice(0, large))).Duplicate.ShouldBeFalse();
    }

    [Fact]
    public async Task HealthNeedsNoKey()
    {
        await using var all = await ServerFixture.StartAsync();
        using var answer = await all.SendAsync(new HttpRequestMessage(HttpMethod.Get, AgentRoutes.Health));
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task ADocumentWithAStringThatIsNotUtf8IsStoredAsItIs()
    {
        await using var all = await ServerFixture.StartAsync();
        var raw = BsonDocument.Build(w => w.Int32("_id"u8, 1).String("s"u8, "abcdef")).Memory.ToArray();
        raw.AsSpan().Replace((byte)'c', (byte)0xff);
        (await AnswerAsync(all, all.SyncSlice(0, SliceParts.OfRaw(raw, 1)))).NextSequence.ShouldBe(1);
    }

    private static BsonDocument Document(int id) =>
        BsonDocument.Build(w =>
            w.Int32("_id"u8, id).String("text"u8, "some text that is long enough to be compressed")
        );

    private static SliceParts Entries(params Optime[] optimes) =>
        SliceParts.Of([
            .. optimes.Select(one =>
                BsonDocument.Build(w =>
                    w.Timestamp("ts"u8, one.Timestamp).Int64("t"u8, one.Term).String("op"u8, "n").Int32("v"u8, 2)
                )
            ),
        ]);

    private static async Task<SliceAnswer> AnswerAsync(ServerFixture all, HttpRequestMessage request)
    {
        using var answer = await all.SendAsync(request);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync(AgentJson.Default.SliceAnswer))!;
    }

    /// <param name="number">0: any.</param>
    /// <returns>Retry-After.</returns>
    private static async Task<TimeSpan?> RefusedAsync(
        ServerFixture all,
        HttpRequestMessage request,
        HttpStatusCode status,
        int number
    )
    {
        var before = await all.StoredAsync();
        using var answer = await all.SendAsync(request);
        await ServerFixture.RefusedAsync(answer, status, number);
        (await all.StoredAsync()).ShouldBe(before);
        return answer.Headers.RetryAfter?.Delta;
    }
}

using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using Backup.BackupHttpServer;
using Backup.Foundation.Contracts;
using Backup.MongoWire.Bson;
using Shouldly;
using Xunit;

namespace Backup.Tests.BackupHttpServer;

/// <summary>What strangers and broken agents send over real TLS sockets is refused with a number, in time, and leaves nothing behind.</summary>
public sealed class HostileRequestTests
{
    private static readonly SliceParts Good = SliceParts.Of(
        BsonDocument.Build(w => w.Int32("_id"u8, 1).String("text"u8, new string('x', 700)))
    );

    public static TheoryData<string, string, int, int> Malformed =>
        new()
        {
            { "no HTTP", "HELLO WORLD\r\n\r\n", 400, BackupHttpServerErrors.RequestMalformed },
            { "bytes", "\u0016\u0003\u0001\u0002\r\n\r\n", 400, BackupHttpServerErrors.RequestMalformed },
            { "no host", "GET /agent/v1/health HTTP/1.1\r\n\r\n", 400, BackupHttpServerErrors.RequestMalformed },
            {
                "two lengths",
                "POST /agent/v1/enrol HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                400,
                BackupHttpServerErrors.RequestMalformed
            },
            {
                "length and chunks",
                "POST /agent/v1/enrol HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
                400,
                BackupHttpServerErrors.RequestMalformed
            },
            {
                "a header without a name",
                "GET /agent/v1/health HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n",
                400,
                BackupHttpServerErrors.RequestMalformed
            },
            {
                "a long first line",
                $"GET /{new string('a', 5000)} HTTP/1.1\r\nHost: a\r\n\r\n",
                414,
                BackupHttpServerErrors.HeadersTooLong
            },
            {
                "a long header",
                $"GET /agent/v1/health HTTP/1.1\r\nHost: a\r\nX: {new string('a', 20_000)}\r\n\r\n",
                431,
                BackupHttpServerErrors.HeadersTooLong
            },
            {
                "many headers",
                $"GET /agent/v1/health HTTP/1.1\r\nHost: a\r\n{string.Concat(Enumerable.Range(0, 60).Select(n => $"X{n}: a\r\n"))}\r\n",
                431,
                BackupHttpServerErrors.HeadersTooLong
            },
            {
                "no such route",
                "GET /etc/passwd HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                404,
                BackupHttpServerErrors.NotFound
            },
            {
                "another method",
                "DELETE /agent/v1/enrol HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                405,
                BackupHttpServerErrors.MethodWrong
            },
        };

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task WhatIsMalformedIsRefusedWithANumber(string what, string request, int status, int number)
    {
        await using var all = await ServerFixture.StartAsync();
        var before = await all.StoredAsync();
        await using var socket = await TlsSocket.ConnectAsync(all.Server);
        await socket.SendAsync(request);
        Refused(await socket.ReadAllAsync(), status, number, what);
        (await all.StoredAsync()).ShouldBe(before);
        (await all.StatusAsync(all.Agent.ApiKey)).ShouldBe(HttpStatusCode.OK, "everybody else is served");
    }

    [Fact]
    public async Task HeadersThatDoNotComeAreCutOff()
    {
        await using var all = await ServerFixture.StartAsync(options =>
            options with
            {
                HeadersTimeout = TimeSpan.FromSeconds(1),
            }
        );
        await using var socket = await TlsSocket.ConnectAsync(all.Server);
        await socket.SendAsync("GET /agent/v1/health HTTP/1.1\r\nHo");
        Refused(await socket.ReadAllAsync(), 408, BackupHttpServerErrors.TooSlow);
    }

    [Fact]
    public async Task ABodyThatDripsIsCutOffWhenItsTimeIsOver()
    {
        await using var all = await ServerFixture.StartAsync(options =>
            options with
            {
                MinBodyBytesPerSecond = 1,
                Limits = options.Limits with { BodyTimeout = TimeSpan.FromSeconds(1) },
            }
        );
        var before = await all.StoredAsync();
        await using var socket = await TlsSocket.ConnectAsync(all.Server);
        await socket.SendAsync(Head(all, 2000));
        using var stop = new CancellationTokenSource();
        var dripping = DripAsync(socket, stop.Token);
        Refused(await socket.ReadAllAsync(), 408, BackupHttpServerErrors.TooSlow);
        await stop.CancelAsync();
        await dripping;
        (await all.StoredAsync()).ShouldBe(before);
    }

    [Fact]
    public async Task ABodyThatIsCutLeavesNothingBehindAndTheWholeOneIsTakenAfterwards()
    {
        // Room for one slice alone: what the cut one took has to be given back.
        await using var all = await ServerFixture.StartAsync(options => options with { SliceBudget = 1000 });
        var before = await all.StoredAsync();
        await using var socket = await TlsSocket.ConnectAsync(all.Server);
        await socket.SendAsync(Head(all, Good.Frame.Length));
        await socket.Tls.WriteAsync(Good.Frame.AsMemory(0, Good.Frame.Length - 3));
        await socket.EndAsync();
        (await socket.ReadAllAsync()).ShouldBe("", "who hangs up is not answered");
        (await all.StoredAsync()).ShouldBe(before);
        // The room is given back by the request that ends, which is a moment after its connection has: until then it is 429, as for anybody.
        HttpStatusCode status;
        var waited = Stopwatch.StartNew();
        do
        {
            using var whole = await all.SendAsync(all.SyncSlice(0, Good));
            status = whole.StatusCode;
        } while (status == HttpStatusCode.TooManyRequests && waited.Elapsed < TimeSpan.FromSeconds(10));
        status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task ABodyWithoutAnAnnouncedLengthIsNotRead()
    {
        await using var all = await ServerFixture.StartAsync();
        var request = all.SyncSlice(0, Good);
        request.Headers.TransferEncodingChunked = true;
        request.Content!.Headers.ContentLength = null;
        using var answer = await all.SendAsync(request);
        await ServerFixture.RefusedAsync(answer, HttpStatusCode.BadRequest, BackupHttpServerErrors.HeaderWrong);
    }

    [Fact]
    public async Task AReplayedSliceHasNoEffectWhoeverSendsIt()
    {
        await using var all = await ServerFixture.StartAsync();
        using (var first = await all.SendAsync(all.SyncSlice(0, Good)))
        {
            first.StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        var before = await all.StoredAsync();
        using (var again = await all.SendAsync(all.SyncSlice(0, Good)))
        {
            again.StatusCode.ShouldBe(HttpStatusCode.OK);
            (await again.Content.ReadAsStringAsync()).ShouldContain("\"duplicate\":true");
        }

        using (var later = await all.SendAsync(all.SyncSlice(1, Good)))
        {
            await ServerFixture.RefusedAsync(later, HttpStatusCode.Conflict, BackupHttpServerErrors.IdRepeated);
        }

        var foreign = await all.EnrolAsync("strangers");
        foreach (
            var (key, status, number) in new[]
            {
                (foreign.ApiKey, HttpStatusCode.NotFound, BackupHttpServerErrors.NotFound),
                (new string('A', 43), HttpStatusCode.Unauthorized, BackupHttpServerErrors.KeyUnknown),
            }
        )
        {
            var request = all.SyncSlice(0, Good);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
            using var refused = await all.SendAsync(request);
            await ServerFixture.RefusedAsync(refused, status, number);
        }

        await all.Metadata.Access.RevokeAgentAsync(foreign.AgentId);
        (await all.StoredAsync()).ShouldBe(before.Replace("1 agents", "2 agents"));
    }

    [Fact]
    public async Task Http2IsServedWithinItsBounds()
    {
        await using var all = await ServerFixture.StartAsync();
        var request = all.SyncSlice(0, Good);
        (request.Version, request.VersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
        using (var answer = await all.SendAsync(request))
        {
            answer.StatusCode.ShouldBe(HttpStatusCode.OK);
            answer.Version.ShouldBe(HttpVersion.Version20);
        }

        await using var socket = await TlsSocket.ConnectAsync(all.Server, SslApplicationProtocol.Http2);
        await socket.SendAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        await socket.Tls.WriteAsync(Frame(type: 4, []));
        var settings = await SettingsAsync(socket);
        settings[3].ShouldBe(32u, "streams of a connection");
        settings[5].ShouldBe(64u * 1024, "bytes of a frame");

        // Only the head: the server refuses by the length it names, and what it closes with is not lost in a reset.
        await socket.Tls.WriteAsync(Frame(type: 0, new byte[(64 * 1024) + 1]).AsMemory(0, 9));
        (await GoAwayAsync(socket)).ShouldBe(6u, "FRAME_SIZE_ERROR");
        (await all.StatusAsync(all.Agent.ApiKey)).ShouldBe(HttpStatusCode.OK, "everybody else is served");
    }

    private static void Refused(string answer, int status, int number, string? what = null)
    {
        answer.ShouldStartWith($"HTTP/1.1 {status} ", customMessage: what);
        answer.ShouldContain(AgentProtocol.ProblemMediaType, customMessage: what);
        answer.ShouldContain($"BK{number}", customMessage: what);
        answer.ShouldContain("\"hint\"", customMessage: what);
    }

    private static string Head(ServerFixture all, int length) =>
        $"PUT {AgentRoutes.SyncSlice(all.SyncId, ServerFixture.Orders, 0, 0)} HTTP/1.1\r\nHost: localhost\r\n"
        + $"{AgentHeaders.Protocol}: {AgentProtocol.Version}\r\n{AgentHeaders.Fence}: {all.Fence}\r\nAuthorization: Bearer {all.Agent.ApiKey}\r\n"
        + $"Content-Type: {AgentProtocol.SliceMediaType}\r\nContent-Length: {length}\r\n"
        + $"{AgentHeaders.RawLength}: {Good.RawLength}\r\n{AgentHeaders.Documents}: 1\r\n{AgentHeaders.Sha256}: {Good.Sha256}\r\n\r\n";

    private static async Task DripAsync(TlsSocket socket, CancellationToken stop)
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                await socket.Tls.WriteAsync(new byte[10], stop);
                await Task.Delay(50, stop);
            }
        }
        catch (Exception closed) when (closed is IOException or OperationCanceledException)
        {
            // Cut off.
        }
    }

    private static byte[] Frame(byte type, byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        frame[0] = (byte)(payload.Length >> 16);
        frame[1] = (byte)(payload.Length >> 8);
        frame[2] = (byte)payload.Length;
        frame[3] = type;
        payload.CopyTo(frame, 9);
        return frame;
    }

    private static async Task<(byte Type, byte[] Payload)> FrameAsync(TlsSocket socket)
    {
        var head = await socket.ReadAsync(9);
        return (head[3], await socket.ReadAsync((head[0] << 16) | (head[1] << 8) | head[2]));
    }

    private static async Task<Dictionary<ushort, uint>> SettingsAsync(TlsSocket socket)
    {
        var (type, payload) = await FrameAsync(socket);
        type.ShouldBe((byte)4);
        return Enumerable
            .Range(0, payload.Length / 6)
            .ToDictionary(
                n => BinaryPrimitives.ReadUInt16BigEndian(payload.AsSpan(n * 6)),
                n => BinaryPrimitives.ReadUInt32BigEndian(payload.AsSpan((n * 6) + 2))
            );
    }

    private static async Task<uint> GoAwayAsync(TlsSocket socket)
    {
        while (true)
        {
            var (type, payload) = await FrameAsync(socket);
            if (type == 7)
            {
                return BinaryPrimitives.ReadUInt32BigEndian(payload.AsSpan(4));
            }
        }
    }
}

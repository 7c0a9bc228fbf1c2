using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Security;
using System.Security.Cryptography;
using Backup.Foundation;
using Backup.Foundation.Compression;
using Backup.Foundation.Contracts;
using Backup.MongoWire.Bson;

namespace Backup.Tests.Bench;

/// <summary>What an agent says to the server, over connections of its own, without a MongoDB behind it.</summary>
internal sealed class SimulatedAgent : IDisposable
{
    private static readonly Optime Begin = new(1000, 1, 1);

    private readonly string _deployment;
    private readonly HttpClient _http;
    private string _sync = "";
    private long? _fence;
    private Optime _last = Begin;
    private long _sequence;

    internal SimulatedAgent(int number, int port)
    {
        _deployment = IngestServe.DeploymentOf(number);
        _http = new HttpClient(
            new SocketsHttpHandler
            {
                SslOptions = new SslClientAuthenticationOptions
                {
                    RemoteCertificateValidationCallback = static (_, _, _, _) => true,
                },
            }
        )
        {
            BaseAddress = new Uri($"https://localhost:{port}"),
        };
        _http.DefaultRequestHeaders.Add(AgentHeaders.Protocol, $"{AgentProtocol.Version}");
    }

    /// <summary>Enrols, tells of its replica set, begins a sync of nothing and ends it: what is left is the oplog.</summary>
    internal async Task BeginAsync(string token)
    {
        await EnrolAsync(token);
        await SyncAsync();
    }

    internal async Task EnrolAsync(string token)
    {
        var secret = token.Split('.')[^1];
        using var enrolled = await _http.PostAsJsonAsync(
            AgentRoutes.Enrol,
            new EnrolRequest(secret, _deployment, "bench"),
            AgentJson.Default.EnrolRequest
        );
        var identity = await enrolled
            .EnsureSuccessStatusCode()
            .Content.ReadFromJsonAsync(AgentJson.Default.EnrolAnswer);
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", identity!.ApiKey);
    }

    internal async Task MonitoringAsync(MonitoringSample sample)
    {
        using var answer = await _http.PostAsJsonAsync(
            AgentRoutes.Monitoring(_deployment),
            sample,
            AgentJson.Default.MonitoringSample
        );
        answer.EnsureSuccessStatusCode();
    }

    private async Task SyncAsync()
    {
        using var claimed = await _http.PostAsJsonAsync(
            AgentRoutes.Lease(_deployment),
            new LeaseClaim("bench", Fence: null),
            AgentJson.Default.LeaseClaim
        );
        var lease = await claimed.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(AgentJson.Default.LeaseAnswer);
        _fence = lease!.Fence;
        _http.DefaultRequestHeaders.Add(AgentHeaders.Fence, $"{_fence}");
        var found = new DiscoveryReport("rs0", new string('a', 24), "4.2.4", "4.2", "wiredTiger", ["a:27017"]);
        using var discovered = await _http.PostAsJsonAsync(
            AgentRoutes.Discovery(_deployment),
            found,
            AgentJson.Default.DiscoveryReport
        );
        var assignment = await discovered
            .EnsureSuccessStatusCode()
            .Content.ReadFromJsonAsync(AgentJson.Default.Assignment);
        using var catalogue = Slice(HttpMethod.Post, AgentRoutes.Syncs(assignment!.ReplicaSetId), [], 0);
        catalogue.Headers.Add(AgentHeaders.Begin, WireOptimeText.Format(Begin));
        using var begun = await _http.SendAsync(catalogue);
        assignment = await begun.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(AgentJson.Default.Assignment);
        _sync = assignment!.Sync!.SyncId;
        using var copied = await _http.PostAsJsonAsync(
            AgentRoutes.Copied(_sync),
            new CopiedReport(WireOptime.From(Begin)),
            AgentJson.Default.CopiedReport
        );
        copied.EnsureSuccessStatusCode();
    }

    /// <summary>The next slice of the oplog; comes back when it is acknowledged. A 429 or 503 is waited for, as the agent does.</summary>
    /// <returns>How often it was sent away.</returns>
    internal async Task<int> SendAsync(byte[] filler, int entries)
    {
        var first = _sequence == 0 ? Begin : new Optime(_last.T + 1, 1, 1);
        var last = new Optime(first.T, first.I + (uint)entries - 1, 1);
        var raw = Entries(first, entries, filler);
        for (var sentAway = 0; ; sentAway++)
        {
            using var request = Slice(HttpMethod.Put, AgentRoutes.OplogSlice(_sync, _sequence), raw, entries);
            request.Headers.Add(AgentHeaders.Previous, WireOptimeText.Format(_sequence == 0 ? first : _last));
            request.Headers.Add(AgentHeaders.First, WireOptimeText.Format(first));
            request.Headers.Add(AgentHeaders.Last, WireOptimeText.Format(last));
            using var answer = await _http.SendAsync(request);
            if (answer.Headers.RetryAfter?.Delta is { } wait)
            {
                await Task.Delay(wait);
                continue;
            }

            if (!answer.IsSuccessStatusCode)
            {
                throw new InvalidOperationException(await answer.Content.ReadAsStringAsync());
            }

            (_last, _sequence) = (last, _sequence + 1);
            return sentAway;
        }
    }

    internal async Task HeartbeatAsync()
    {
        var report = new DeploymentReport(_deployment, null, null, "tailing", null, 0, 0, _fence);
        using var answer = await _http.PostAsJsonAsync(
            AgentRoutes.Heartbeat,
            new Heartbeat("bench", [report]),
            AgentJson.Default.Heartbeat
        );
        answer.EnsureSuccessStatusCode();
    }

    public void Dispose() => _http.Dispose();

    private static byte[] Entries(Optime first, int entries, byte[] filler)
    {
        using var raw = new MemoryStream();
        for (var n = 0; n < entries; n++)
        {
            var optime = new Optime(first.T, first.I + (uint)n, 1);
            var entry = BsonDocument.Build(w =>
                w.Timestamp("ts"u8, optime.Timestamp)
                    .Int64("t"u8, optime.Term)
                    .String("op"u8, "i")
                    .String("ns"u8, "shop.orders")
                    .BeginDocument("o"u8)
                    .Int64("_id"u8, (long)optime.Timestamp)
                    .Binary("filler"u8, filler)
                    .EndDocument()
            );
            raw.Write(entry.Span);
        }

        return raw.ToArray();
    }

    private static HttpRequestMessage Slice(HttpMethod method, string route, byte[] raw, int documents)
    {
        var frame = new byte[Zstd.MaxCompressedLength(raw.Length)];
        var content = new ByteArrayContent(frame, 0, Zstd.Compress(raw, frame));
        content.Headers.ContentType = new MediaTypeHeaderValue(AgentProtocol.SliceMediaType);
        var request = new HttpRequestMessage(method, route) { Content = content };
        request.Headers.ExpectContinue = true;
        request.Headers.Add(AgentHeaders.RawLength, $"{raw.Length}");
        request.Headers.Add(AgentHeaders.Documents, $"{documents}");
        request.Headers.Add(AgentHeaders.Sha256, Convert.ToHexStringLower(SHA256.HashData(raw)));
        return request;
    }
}

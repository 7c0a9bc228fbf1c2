using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Backup.Foundation.Contracts;

namespace Backup.Tests.EndToEnd.Faults;

/// <summary>
/// Somebody who has no key, a wrong one or an expired certificate, and somebody who has listened and sends what was sent already. That nothing of it
/// has an effect is shown by the comparison at the end.
/// </summary>
internal static class AttackFaults
{
    /// <summary>More leases than a schedule comes to.</summary>
    private const int Fences = 12;

    internal static IReadOnlyList<FaultKind> All =>
        [
            new("wrong keys", schedule => schedule.Network is null, WrongKeysAsync),
            new("slices are replayed", schedule => schedule.Network is null, ReplayAsync),
            new("expired certificate", schedule => schedule.Network is null, ExpiredCertificateAsync),
        ];

    private static async Task WrongKeysAsync(FaultSchedule schedule)
    {
        var (server, _) = await VictimAsync(schedule);
        using var http = Client(server);
        var slice = await StoredSliceAsync(schedule);
        foreach (
            var key in new[]
            {
                null,
                "",
                "AAAA",
                Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
                "x y",
                "\"",
            }
        )
        {
            foreach (
                var request in new[]
                {
                    new HttpRequestMessage(HttpMethod.Get, AgentRoutes.Configuration),
                    slice.Put(slice.Sequence),
                    slice.Put(slice.Sequence + 1),
                }
            )
            {
                using (request)
                {
                    if (key is not null)
                    {
                        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {key}");
                    }

                    using var response = await http.SendAsync(request);
                    FaultSchedule.Hit(
                        response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden,
                        $"{request.Method} with the key '{key}' was answered {response.StatusCode}"
                    );
                }
            }
        }
    }

    private static async Task ReplayAsync(FaultSchedule schedule)
    {
        var (server, key) = await VictimAsync(schedule);
        using var http = Client(server);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        var slice = await StoredSliceAsync(schedule);

        // Whichever lease the agent works under: where the slice was, it is known; anywhere else it does not continue what is there.
        for (var fence = 0; fence < Fences; fence++)
        {
            using (var same = await http.SendAsync(slice.Put(slice.Sequence, fence)))
            {
                FaultSchedule.Hit(
                    same.StatusCode == HttpStatusCode.OK || (int)same.StatusCode is >= 400 and < 500,
                    $"a slice sent again was answered {same.StatusCode}"
                );
            }

            foreach (var ahead in new[] { 1, 2, 3, 10 })
            {
                using var other = await http.SendAsync(slice.Put(slice.Sequence + ahead, fence));
                FaultSchedule.Hit(
                    !other.IsSuccessStatusCode,
                    $"a slice sent again {ahead} places later was answered {other.StatusCode}"
                );
            }

            using var forged = await http.SendAsync(
                (slice with { Hash = new string('0', 64) }).Put(slice.Sequence, fence)
            );
            FaultSchedule.Hit(!forged.IsSuccessStatusCode, $"another in its place was answered {forged.StatusCode}");
        }
    }

    private static async Task ExpiredCertificateAsync(FaultSchedule schedule)
    {
        var (server, key) = await VictimAsync(schedule);
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=agent", pair, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        using var signed = request.CreateSelfSigned(now.AddYears(-2), now.AddYears(-1));
        using var expired = X509CertificateLoader.LoadPkcs12(signed.Export(X509ContentType.Pkcs12), null);
        using var http = Client(server, expired);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        try
        {
            using var response = await http.GetAsync(AgentRoutes.Configuration);
            FaultSchedule.Hit(
                response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden,
                $"an expired certificate was answered {response.StatusCode}"
            );
        }
        catch (HttpRequestException)
        {
            // Refused in the handshake.
        }
    }

    /// <summary>Where the agent sends to, and its key, stolen from its folder.</summary>
    private static async Task<(Uri Server, string Key)> VictimAsync(FaultSchedule schedule)
    {
        Uri? server = null;
        var file = Path.Combine(schedule.Appliance.Data, "agent", "agent.json");
        await schedule.WithinAsync(
            "an agent is enrolled and runs",
            () =>
            {
                server = schedule.Appliance.ServerAddress();
                return Task.FromResult(server is not null && File.Exists(file));
            }
        );
        using var identity = JsonDocument.Parse(await File.ReadAllTextAsync(file));
        var key = identity.RootElement.EnumerateObject().First(field => IsNamed(field, "apiKey")).Value.GetString()!;
        return (server!, key);
    }

    private static bool IsNamed(JsonProperty field, string name) =>
        string.Equals(field.Name, name, StringComparison.OrdinalIgnoreCase);

    private static HttpClient Client(Uri server, X509Certificate2? own = null)
    {
        var handler = new SocketsHttpHandler { UseProxy = false };
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        if (own is not null)
        {
            handler.SslOptions.LocalCertificateSelectionCallback = (_, _, _, _, _) => own;
        }

        var http = new HttpClient(handler) { BaseAddress = server };
        http.DefaultRequestHeaders.Add(AgentHeaders.Protocol, $"{AgentProtocol.Version}");
        return http;
    }

    private static async Task<RecordedSlice> StoredSliceAsync(FaultSchedule schedule)
    {
        RecordedSlice? found = null;
        await schedule.WithinAsync(
            "a slice is stored",
            async () => (found = await RecordedSlice.NewestAsync(schedule.Appliance.Data)) is not null
        );
        return found!;
    }

    /// <summary>A slice as the server stores it, which is as it came.</summary>
    private sealed record RecordedSlice(string SyncId, long Sequence, string Hash, byte[] Frame)
    {
        internal static async Task<RecordedSlice?> NewestAsync(string data)
        {
            if (!Directory.Exists(data))
            {
                return null;
            }

            foreach (
                var folder in Directory
                    .GetDirectories(data, "oplog", SearchOption.AllDirectories)
                    .SelectMany(Directory.GetDirectories)
            )
            {
                var newest = Directory
                    .GetFiles(folder)
                    .Where(file => Path.GetFileName(file).Split('-') is [{ Length: 12 }, { Length: 64 }])
                    .Max();
                if (newest is not null)
                {
                    var name = Path.GetFileName(newest).Split('-');
                    var sequence = long.Parse(name[0], System.Globalization.CultureInfo.InvariantCulture);
                    var frame = await File.ReadAllBytesAsync(newest);
                    return new RecordedSlice(Path.GetFileName(folder), sequence, name[1], frame);
                }
            }

            return null;
        }

        internal HttpRequestMessage Put(long sequence, long fence = 1)
        {
            var request = new HttpRequestMessage(HttpMethod.Put, AgentRoutes.OplogSlice(SyncId, sequence))
            {
                Content = new ByteArrayContent(Frame),
            };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(AgentProtocol.SliceMediaType);
            request.Headers.Add(AgentHeaders.Fence, $"{fence}");
            request.Headers.Add(AgentHeaders.RawLength, "1000");
            request.Headers.Add(AgentHeaders.Documents, "1");
            request.Headers.Add(AgentHeaders.Sha256, Hash);
            request.Headers.Add(AgentHeaders.Previous, "1,1,1");
            request.Headers.Add(AgentHeaders.First, "1,2,1");
            request.Headers.Add(AgentHeaders.Last, "1,2,1");
            return request;
        }
    }
}

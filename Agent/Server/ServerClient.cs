using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Backup.Agent.Configuration;
using Backup.Agent.Flow;
using Backup.Foundation;
using Backup.Foundation.Contracts;

namespace Backup.Agent.Server;

/// <summary>
/// The contract's routes as methods. Each is idempotent at the server, so a request whose answer was lost is sent again: a few times
/// with growing waits, as often as the server says "busy" or "no room now". Thread-safe.
/// </summary>
internal sealed class ServerClient : IDisposable
{
    private const int Tries = 6;
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    private readonly System.Security.Cryptography.X509Certificates.X509Certificate2 _authority;
    private readonly HttpClient _http;
    private readonly AgentCredentials _credentials;
    private readonly System.Uri _server;
    private readonly TimeProvider _time;
    private string? _tag;

    public ServerClient(AgentIdentity identity, TimeProvider time)
        : this(new AgentCredentials(identity), time) { }

    /// <param name="credentials">Each request bears the key that is the current one then.</param>
    /// <param name="time">The clock.</param>
    public ServerClient(AgentCredentials credentials, TimeProvider time)
    {
        _credentials = credentials;
        _server = credentials.Server;
        _time = time;
        _authority = credentials.Identity.LoadAuthority();
        _http = new HttpClient(ServerTrust.Handler(_authority, () => credentials.Certificate))
        {
            BaseAddress = _server,
            Timeout = TimeSpan.FromMinutes(10),
        };
        _http.DefaultRequestHeaders.Add(AgentHeaders.Protocol, AgentProtocol.Version.ToString());
    }

    /// <summary>Asks for the key that is to replace this one.</summary>
    public async Task<KeyAnswer> NextKeyAsync(string key, CancellationToken cancellation)
    {
        using var response = await SendAsync(() => Post(AgentRoutes.Key, content: null), cancellation, withKey: key);
        return await Answers.ReadAsync(response, AgentJson.Default.KeyAnswer, cancellation);
    }

    /// <summary>Says, with the new key, that it is stored durably: from then on it is valid and the one before has ended.</summary>
    public async Task ConfirmKeyAsync(string key, CancellationToken cancellation)
    {
        using var response = await SendAsync(
            () => Post(AgentRoutes.KeyConfirmation, content: null),
            cancellation,
            withKey: key
        );
    }

    /// <summary>Asks for a certificate, base64.</summary>
    /// <param name="request">PKCS#10 in base64.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<CertificateAnswer> CertificateAsync(string request, CancellationToken cancellation)
    {
        using var response = await SendAsync(
            () =>
                Post(
                    AgentRoutes.Certificate,
                    JsonContent.Create(new CertificateOrder(request), AgentJson.Default.CertificateOrder)
                ),
            cancellation
        );
        return await Answers.ReadAsync(response, AgentJson.Default.CertificateAnswer, cancellation);
    }

    /// <summary>The configuration, or null where it is still the one that was given last.</summary>
    public async Task<AgentConfiguration?> ConfigurationAsync(CancellationToken cancellation)
    {
        using var response = await SendAsync(
            () =>
            {
                var request = new HttpRequestMessage(HttpMethod.Get, AgentRoutes.Configuration);
                if (_tag is not null)
                {
                    request.Headers.TryAddWithoutValidation("If-None-Match", _tag);
                }

                return request;
            },
            cancellation
        );
        if (response.StatusCode == HttpStatusCode.NotModified)
        {
            return null;
        }

        var configuration = await Answers.ReadAsync(response, AgentJson.Default.AgentConfiguration, cancellation);
        _tag = response.Headers.ETag?.ToString();
        return configuration;
    }

    public async Task HeartbeatAsync(Heartbeat beat, CancellationToken cancellation)
    {
        using var response = await SendAsync(
            () => Post(AgentRoutes.Heartbeat, JsonContent.Create(beat, AgentJson.Default.Heartbeat)),
            cancellation
        );
    }

    public async Task<Assignment> DiscoverAsync(
        string deploymentId,
        DiscoveryReport report,
        CancellationToken cancellation
    )
    {
        using var response = await SendAsync(
            () =>
                Post(
                    AgentRoutes.Discovery(deploymentId),
                    JsonContent.Create(report, AgentJson.Default.DiscoveryReport)
                ),
            cancellation
        );
        return await Answers.ReadAsync(response, AgentJson.Default.Assignment, cancellation);
    }

    public async Task<Assignment> BeginSyncAsync(
        string replicaSetId,
        Optime begin,
        Slice catalogue,
        CancellationToken cancellation
    )
    {
        using var response = await SendAsync(
            () =>
            {
                var request = Sliced(HttpMethod.Post, AgentRoutes.Syncs(replicaSetId), catalogue);
                request.Headers.Add(AgentHeaders.Begin, WireOptimeText.Format(begin));
                return request;
            },
            cancellation
        );
        return await Answers.ReadAsync(response, AgentJson.Default.Assignment, cancellation);
    }

    /// <summary>Comes back when the slice is durable at the server.</summary>
    public async Task PutSyncSliceAsync(
        string syncId,
        Guid collection,
        int range,
        long sequence,
        Slice slice,
        CancellationToken cancellation
    )
    {
        var route = AgentRoutes.SyncSlice(syncId, collection, range, sequence);
        using var response = await SendAsync(() => Sliced(HttpMethod.Put, route, slice), cancellation);
    }

    /// <summary>Comes back when the slice is durable at the server.</summary>
    public async Task PutOplogSliceAsync(
        string syncId,
        long sequence,
        Optime previous,
        Optime first,
        Optime last,
        Slice slice,
        CancellationToken cancellation
    )
    {
        using var response = await SendAsync(
            () =>
            {
                var request = Sliced(HttpMethod.Put, AgentRoutes.OplogSlice(syncId, sequence), slice);
                request.Headers.Add(AgentHeaders.Previous, WireOptimeText.Format(previous));
                request.Headers.Add(AgentHeaders.First, WireOptimeText.Format(first));
                request.Headers.Add(AgentHeaders.Last, WireOptimeText.Format(last));
                return request;
            },
            cancellation
        );
    }

    public async Task RangeDoneAsync(string syncId, Guid collection, int range, CancellationToken cancellation)
    {
        using var response = await SendAsync(
            () => Post(AgentRoutes.RangeDone(syncId, collection, range), content: null),
            cancellation
        );
    }

    public async Task ResetRangeAsync(string syncId, Guid collection, int range, CancellationToken cancellation)
    {
        using var response = await SendAsync(
            () => Post(AgentRoutes.RangeReset(syncId, collection, range), content: null),
            cancellation
        );
    }

    public async Task CopiedAsync(string syncId, Optime end, CancellationToken cancellation)
    {
        var report = new CopiedReport(WireOptime.From(end));
        using var response = await SendAsync(
            () => Post(AgentRoutes.Copied(syncId), JsonContent.Create(report, AgentJson.Default.CopiedReport)),
            cancellation
        );
    }

    public async Task ReportHoleAsync(string replicaSetId, HoleReport report, CancellationToken cancellation)
    {
        using var response = await SendAsync(
            () => Post(AgentRoutes.Holes(replicaSetId), JsonContent.Create(report, AgentJson.Default.HoleReport)),
            cancellation
        );
    }

    public void Dispose()
    {
        _http.Dispose();
        _authority.Dispose();
    }

    private static HttpRequestMessage Post(string route, HttpContent? content) =>
        new(HttpMethod.Post, route) { Content = content };

    private static HttpRequestMessage Sliced(HttpMethod method, string route, Slice slice)
    {
        var content = new ReadOnlyMemoryContent(slice.Frame);
        content.Headers.ContentType = new MediaTypeHeaderValue(AgentProtocol.SliceMediaType);
        var request = new HttpRequestMessage(method, route) { Content = content };
        // A server without room says so before the slice is on its way.
        request.Headers.ExpectContinue = true;
        request.Headers.Add(AgentHeaders.RawLength, slice.RawLength.ToString());
        request.Headers.Add(AgentHeaders.Documents, slice.Documents.ToString());
        request.Headers.Add(AgentHeaders.Sha256, Convert.ToHexStringLower(slice.Sha256));
        return request;
    }

    private async Task<HttpResponseMessage> SendAsync(
        Func<HttpRequestMessage> make,
        CancellationToken cancellation,
        string? withKey = null
    )
    {
        var backoff = new Backoff(_time, FirstWait, LongestWait);
        for (var tries = 1; ; tries++)
        {
            using var request = make();
            var key = withKey ?? _credentials.Identity.ApiKey;
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
            try
            {
                var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
                if (response.IsSuccessStatusCode || response.StatusCode == HttpStatusCode.NotModified)
                {
                    _credentials.RotationWanted = response.Headers.Contains(AgentHeaders.KeyRotation);
                    return response;
                }

                using (response)
                {
                    if (
                        response.StatusCode == HttpStatusCode.Unauthorized
                        && withKey is null
                        && tries < Tries
                        && await HasOtherKeyAsync(key, cancellation)
                    )
                    {
                        continue;
                    }

                    if (response.Headers.RetryAfter?.Delta is { } wait)
                    {
                        // Each lane (a range, a tail) waits for its own answer before it sends more, so nothing overtakes. Spread, so that
                        // agents that were sent away together do not come back together.
                        var least = wait < LongestWait ? wait : LongestWait;
                        await Task.Delay(least * (1 + (Random.Shared.NextDouble() / 2)), _time, cancellation);
                        continue;
                    }

                    await Answers.RequireSuccessAsync(response, cancellation);
                }
            }
            catch (HttpRequestException failure)
            {
                var known = Answers.Translate(_server, failure);
                if (tries >= Tries || !known.IsTransient)
                {
                    throw known;
                }
            }
            catch (IOException failure) when (tries >= Tries)
            {
                throw AgentErrors.Unreachable(_server, failure);
            }
            catch (IOException)
            {
                // The answer broke off: sent again below.
            }
            catch (TaskCanceledException slow) when (!cancellation.IsCancellationRequested && tries >= Tries)
            {
                throw AgentErrors.Unreachable(_server, slow);
            }
            catch (TaskCanceledException) when (!cancellation.IsCancellationRequested)
            {
                // Too slow: sent again below.
            }

            await backoff.WaitAsync(cancellation);
        }
    }

    /// <summary>
    /// Whether there is another key than the refused one: it was replaced while the request was on its way, or by another process of
    /// this agent, or a process that was killed had not adopted it yet.
    /// </summary>
    private async Task<bool> HasOtherKeyAsync(string refused, CancellationToken cancellation)
    {
        if (!_credentials.Reload(refused))
        {
            await new KeyRotation(_credentials, this).ResumeAsync(cancellation);
        }

        return _credentials.Identity.ApiKey != refused;
    }
}

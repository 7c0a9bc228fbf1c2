using System.Net;
using System.Net.Http.Headers;
using Backup.Agent.Configuration;
using Backup.Agent.Flow;
using Backup.Foundation.Contracts;

namespace Backup.Agent.Server;

/// <summary>
/// Requests to the server over connections that trust its CA alone, each with the key that is the agent's then. Each request is idempotent at the
/// server, so one whose answer was lost is sent again: a few times with growing waits, as often as the server says "busy" or "no room now".
/// Thread-safe.
/// </summary>
internal sealed class ServerConnection : IDisposable
{
    private const int Tries = 6;
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    private readonly System.Security.Cryptography.X509Certificates.X509Certificate2 _authority;
    private readonly HttpClient _http;
    private readonly AgentCredentials _credentials;
    private readonly System.Uri _server;
    private readonly TimeProvider _time;
    private readonly Func<string, CancellationToken, Task<bool>> _hasOtherKey;

    /// <param name="credentials">Each request bears the key that is the current one then.</param>
    /// <param name="hasOtherKey">Looks, when the server refuses a key, whether there is another one by now.</param>
    /// <param name="time">The clock.</param>
    public ServerConnection(
        AgentCredentials credentials,
        Func<string, CancellationToken, Task<bool>> hasOtherKey,
        TimeProvider time
    )
    {
        _hasOtherKey = hasOtherKey;
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

    /// <param name="make">Makes the request anew for each try.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <param name="withKey">Another key than the current one.</param>
    /// <returns>A success, or 304.</returns>
    /// <exception cref="Foundation.Errors.BackupException">7003, 7014, or the server's own.</exception>
    public async Task<HttpResponseMessage> SendAsync(
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
                        && await _hasOtherKey(key, cancellation)
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

    public void Dispose()
    {
        _http.Dispose();
        _authority.Dispose();
    }
}

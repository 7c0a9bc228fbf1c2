using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Serialization.Metadata;
using Backup.Agent.Configuration;
using Backup.Foundation.Contracts;

namespace Backup.Agent.Server;

/// <summary>The contract's routes about the agent itself and about leases; what needs a lease is <see cref="LeasedServer"/>'s. Thread-safe.</summary>
internal sealed class ServerClient : IDisposable
{
    private readonly AgentCredentials _credentials;
    private readonly ServerConnection _connection;

    /// <summary>Apart from the other, so that a lease is renewed however many slices are on their way.</summary>
    private readonly ServerConnection _data;
    private string? _tag;

    public ServerClient(AgentIdentity identity, TimeProvider time)
        : this(new AgentCredentials(identity), time) { }

    /// <param name="credentials">Each request bears the key that is the current one then.</param>
    /// <param name="time">The clock.</param>
    public ServerClient(AgentCredentials credentials, TimeProvider time)
    {
        _credentials = credentials;
        _connection = new ServerConnection(credentials, HasOtherKeyAsync, time);
        _data = new ServerConnection(credentials, HasOtherKeyAsync, time);
    }

    /// <summary>What must stand in no log.</summary>
    public IEnumerable<string> Secrets =>
        new[]
        {
            _credentials.Identity.ApiKey,
            _credentials.Identity.NextApiKey,
            _credentials.Identity.CertificateKey,
        }.OfType<string>();

    /// <summary>Asks for the key that is to replace this one.</summary>
    public async Task<KeyAnswer> NextKeyAsync(string key, CancellationToken cancellation)
    {
        using var response = await _connection.SendAsync(
            () => Post(AgentRoutes.Key, content: null),
            cancellation,
            withKey: key
        );
        return await Answers.ReadAsync(response, AgentJson.Default.KeyAnswer, cancellation);
    }

    /// <summary>Says, with the new key, that it is stored durably: from then on it is valid and the one before has ended.</summary>
    public async Task ConfirmKeyAsync(string key, CancellationToken cancellation)
    {
        using var response = await _connection.SendAsync(
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
        using var response = await _connection.SendAsync(
            () => Post(AgentRoutes.Certificate, new CertificateOrder(request), AgentJson.Default.CertificateOrder),
            cancellation
        );
        return await Answers.ReadAsync(response, AgentJson.Default.CertificateAnswer, cancellation);
    }

    /// <summary>Tells how the source's servers are.</summary>
    public async Task MonitoringAsync(string deploymentId, MonitoringSample sample, CancellationToken cancellation)
    {
        using var response = await _connection.SendAsync(
            () => Post(AgentRoutes.Monitoring(deploymentId), sample, AgentJson.Default.MonitoringSample),
            cancellation
        );
    }

    /// <summary>Tells what was asked of the source's servers.</summary>
    public async Task HostAnswerAsync(string deploymentId, HostAnswer answer, CancellationToken cancellation)
    {
        using var response = await _connection.SendAsync(
            () => Post(AgentRoutes.HostAnswer(deploymentId), answer, AgentJson.Default.HostAnswer),
            cancellation
        );
    }

    /// <summary>The configuration, or null where it is still the one that was given last.</summary>
    public async Task<AgentConfiguration?> ConfigurationAsync(CancellationToken cancellation)
    {
        using var response = await _connection.SendAsync(
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

    public async Task<HeartbeatAnswer> HeartbeatAsync(Heartbeat beat, CancellationToken cancellation)
    {
        using var response = await _connection.SendAsync(
            () => Post(AgentRoutes.Heartbeat, beat, AgentJson.Default.Heartbeat),
            cancellation
        );
        return await Answers.ReadAsync(response, AgentJson.Default.HeartbeatAnswer, cancellation);
    }

    /// <summary>Tells the log lines that somebody asked for.</summary>
    public async Task LogsAsync(LogExcerpt excerpt, CancellationToken cancellation)
    {
        using var response = await _connection.SendAsync(
            () => Post(AgentRoutes.Logs, excerpt, AgentJson.Default.LogExcerpt),
            cancellation
        );
    }

    /// <summary>The build that is offered for the platform, not verified; null where none is.</summary>
    public async Task<UpdateOffer?> UpdateAsync(string platform, CancellationToken cancellation)
    {
        using var response = await _connection.SendAsync(
            () => new HttpRequestMessage(HttpMethod.Get, AgentRoutes.Update(platform)),
            cancellation
        );
        return response.StatusCode == HttpStatusCode.NoContent
            ? null
            : await Answers.ReadAsync(response, AgentJson.Default.UpdateOffer, cancellation);
    }

    /// <summary>The bytes of an offered program, not verified, as they come. It belongs to the caller.</summary>
    public async Task<Stream> ProgramAsync(string sha256, CancellationToken cancellation)
    {
        var response = await _data.SendAsync(
            () => new HttpRequestMessage(HttpMethod.Get, AgentRoutes.UpdateProgram(sha256)),
            cancellation
        );
        return await response.Content.ReadAsStreamAsync(cancellation);
    }

    /// <summary>Asks for the deployment's lease, or renews it.</summary>
    public async Task<LeaseAnswer> ClaimLeaseAsync(
        string deploymentId,
        LeaseClaim claim,
        CancellationToken cancellation
    )
    {
        using var response = await _connection.SendAsync(
            () => Post(AgentRoutes.Lease(deploymentId), claim, AgentJson.Default.LeaseClaim),
            cancellation
        );
        return await Answers.ReadAsync(response, AgentJson.Default.LeaseAnswer, cancellation);
    }

    public async Task ReleaseLeaseAsync(string deploymentId, LeaseClaim claim, CancellationToken cancellation)
    {
        using var response = await _connection.SendAsync(
            () => Post(AgentRoutes.LeaseRelease(deploymentId), claim, AgentJson.Default.LeaseClaim),
            cancellation
        );
    }

    /// <summary>For what is sent under a lease.</summary>
    public LeasedServer Under(long fence) => new(_data, fence);

    public void Dispose()
    {
        _connection.Dispose();
        _data.Dispose();
    }

    private static HttpRequestMessage Post(string route, HttpContent? content) =>
        new(HttpMethod.Post, route) { Content = content };

    private static HttpRequestMessage Post<T>(string route, T body, JsonTypeInfo<T> type) =>
        new(HttpMethod.Post, route) { Content = JsonContent.Create(body, type) };

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

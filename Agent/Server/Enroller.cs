using System.Buffers.Text;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Backup.Agent.Configuration;
using Backup.Foundation.Contracts;

namespace Backup.Agent.Server;

/// <summary>
/// Turns a token into an identity. The CA is fetched first, over a connection that proves nothing; only once its fingerprint is the
/// token's, the secret is sent, over a new connection that trusts this CA alone.
/// </summary>
internal static class Enroller
{
    private const int MaxAuthorityLength = 16 * 1024;

    /// <exception cref="Foundation.Errors.BackupException">7001, 7002, 7003, 7014, or the server's refusal.</exception>
    public static async Task<AgentIdentity> EnrolAsync(
        System.Uri server,
        string token,
        string version,
        CancellationToken cancellation
    )
    {
        if (!EnrolmentTokenText.TryParse(token, out var fingerprint, out var secret))
        {
            throw AgentErrors.BadToken();
        }

        var raw = await FetchAuthorityAsync(server, cancellation);
        if (!CryptographicOperations.FixedTimeEquals(SHA256.HashData(raw), fingerprint))
        {
            throw AgentErrors.WrongAuthority(server);
        }

        using var authority = X509CertificateLoader.LoadCertificate(raw);
        using var http = new HttpClient(ServerTrust.Handler(authority)) { BaseAddress = server };
        http.DefaultRequestHeaders.Add(AgentHeaders.Protocol, AgentProtocol.Version.ToString());
        using var order = new CertificateOrderMaker();
        var request = new EnrolRequest(
            Base64Url.EncodeToString(secret),
            System.Net.Dns.GetHostName(),
            version,
            order.Request
        );
        try
        {
            using var content = JsonContent.Create(request, AgentJson.Default.EnrolRequest);
            using var response = await http.PostAsync(AgentRoutes.Enrol, content, cancellation);
            await Answers.RequireSuccessAsync(response, cancellation);
            var answer = await Answers.ReadAsync(response, AgentJson.Default.EnrolAnswer, cancellation);
            return new AgentIdentity(
                server.ToString(),
                answer.AgentId,
                answer.ApiKey,
                Convert.ToBase64String(raw),
                NextApiKey: null,
                answer.Certificate,
                answer.Certificate is null ? null : order.PrivateKey
            );
        }
        catch (HttpRequestException failure)
        {
            throw Answers.Translate(server, failure);
        }
    }

    private static async Task<byte[]> FetchAuthorityAsync(System.Uri server, CancellationToken cancellation)
    {
        using var http = new HttpClient(ServerTrust.UnverifiedHandler())
        {
            BaseAddress = server,
            Timeout = TimeSpan.FromSeconds(20),
            MaxResponseContentBufferSize = MaxAuthorityLength,
        };
        try
        {
            return await http.GetByteArrayAsync(AgentRoutes.Authority, cancellation);
        }
        catch (HttpRequestException failure)
        {
            throw Answers.Translate(server, failure);
        }
        catch (TaskCanceledException slow) when (!cancellation.IsCancellationRequested)
        {
            throw AgentErrors.Unreachable(server, slow);
        }
    }
}

using System.Security.Cryptography;
using Backup.BackupHttpServer.Access;
using Backup.BackupHttpServer.Certificates;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backup.BackupHttpServer.Endpoints;

/// <summary>The CA, enrolment, and what agents replace while they run: keys and certificates.</summary>
internal sealed class CredentialEndpoints(
    IMetadataStore metadata,
    AgentGate gate,
    ApiKeys keys,
    ClientCertificates certificates,
    CertificateAuthority authority,
    TimeProvider time
)
{
    private const int MaxNameLength = 255;

    public void Map(IEndpointRouteBuilder routes)
    {
        _ = routes.MapGet(AgentRoutes.Authority, AuthorityAsync);
        _ = routes.MapPost(AgentRoutes.Enrol, EnrolAsync);
        _ = routes.MapPost(AgentRoutes.Key, OfferKeyAsync);
        _ = routes.MapPost(AgentRoutes.KeyConfirmation, ConfirmKeyAsync);
        _ = routes.MapPost(AgentRoutes.Certificate, CertificateAsync);
    }

    private async Task AuthorityAsync(HttpContext context)
    {
        context.Response.ContentType = "application/pkix-cert";
        await context.Response.Body.WriteAsync(authority.Certificate.RawData, context.RequestAborted);
    }

    private async Task EnrolAsync(HttpContext context)
    {
        AgentGate.RequireProtocol(context.Request);
        var request = await Json.ReadAsync(
            context,
            AgentJson.Default.EnrolRequest,
            AgentProtocol.MaxStrangersJsonLength
        );
        if (
            request.HostName.Length is 0 or > MaxNameLength
            || request.Version.Length > MaxNameLength
            || !EnrolmentTokenText.TryDecode(request.Secret, EnrolmentTokenText.SecretLength, out var secret)
        )
        {
            throw BackupHttpServerErrors.BadToken();
        }

        var agent = new AgentRecord(
            Guid.CreateVersion7(time.GetUtcNow()).ToString("N"),
            "",
            request.HostName,
            request.Version,
            time.GetUtcNow(),
            LastSeenAt: null,
            Revoked: false
        );
        var (key, text) = keys.Make("", agent.Id, replaces: null);
        (ClientCertificateRecord? Record, string? Certificate) issued =
            request.CertificateRequest is { } order && certificates.Policy != ClientCertificatePolicy.Off
                ? certificates.Issue(order, agent.Id)
                : (null, null);
        var enrolled =
            await metadata.Access.EnrolAsync(SHA256.HashData(secret), agent, key, issued.Record, context.RequestAborted)
            ?? throw BackupHttpServerErrors.BadToken();
        context.Response.Headers.CacheControl = "no-store";
        var answer = new EnrolAnswer(enrolled.Id, text, issued.Certificate);
        await Json.WriteAsync(context, answer, AgentJson.Default.EnrolAnswer);
    }

    /// <summary>Hands out the key that is to replace the one of this request, which goes on until the new one is confirmed.</summary>
    private async Task OfferKeyAsync(HttpContext context)
    {
        var (old, agent) = await gate.HolderAsync(context);
        var (next, text) = keys.Make(agent.GroupId, agent.Id, old.Id);
        if (!await metadata.Credentials.OfferKeyAsync(next, context.RequestAborted))
        {
            throw BackupHttpServerErrors.ReplacedKey(old.Id);
        }

        context.Response.Headers.CacheControl = "no-store";
        await Json.WriteAsync(context, new KeyAnswer(next.Id, text), AgentJson.Default.KeyAnswer);
    }

    private async Task ConfirmKeyAsync(HttpContext context)
    {
        var (key, _) = await gate.HolderAsync(context, alsoPending: true);
        if (!await metadata.Credentials.ConfirmKeyAsync(key.Id, context.RequestAborted))
        {
            throw BackupHttpServerErrors.RevokedKey(key.Id);
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private async Task CertificateAsync(HttpContext context)
    {
        var agent = await gate.AuthenticateAsync(context);
        var order = await Json.ReadAsync(context, AgentJson.Default.CertificateOrder);
        var (record, certificate) = certificates.Issue(order.CertificateRequest, agent.Id);
        await metadata.Credentials.AddCertificateAsync(record, context.RequestAborted);
        await Json.WriteAsync(context, new CertificateAnswer(certificate), AgentJson.Default.CertificateAnswer);
    }
}

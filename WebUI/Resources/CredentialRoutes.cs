using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;
using Backup.WebUI.Frame;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Resources;

/// <summary>API keys and client certificates of a group's agents.</summary>
internal sealed class CredentialRoutes(ApiDesks desks) : IApiPart
{
    private const string Keys = "/groups/{group}/keys";
    private const string Certificates = "/groups/{group}/certificates";

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet(Keys, KeysAsync).WithSummary("API keys of agents").Needs(Permission.See);
        api.MapDelete($"{Keys}/{{key}}", RevokeKeyAsync)
            .WithSummary("Revoke a key: it opens nothing any more")
            .Needs(Permission.Configure, "key.revoke", confirmed: true);
        api.MapPost($"{Keys}/{{key}}/rotate", RotateKeyAsync)
            .WithSummary("Ask its agent to replace it; it stays good until then")
            .Needs(Permission.Configure, "key.rotate");
        api.MapGet(Certificates, CertificatesAsync).WithSummary("Client certificates of agents").Needs(Permission.See);
        api.MapDelete($"{Certificates}/{{certificate}}", RevokeCertificateAsync)
            .WithSummary("Revoke a client certificate")
            .Needs(Permission.Configure, "certificate.revoke", confirmed: true);
    }

    private async Task<PageOf<KeyView>> KeysAsync(string group, HttpContext context, CancellationToken cancellation) =>
        Paging.Page(
            [
                .. (await desks.Credentials.KeysAsync(group, cancellation)).OrderBy(
                    static one => one.Id,
                    StringComparer.Ordinal
                ),
            ],
            static one => one.Id,
            KeyOrder.Rising,
            context.Request.Query
        );

    private Task<KeyView> RevokeKeyAsync(string group, string key, CancellationToken cancellation) =>
        desks.Credentials.RevokeKeyAsync(group, key, cancellation);

    private Task<KeyView> RotateKeyAsync(string group, string key, CancellationToken cancellation) =>
        desks.Credentials.RotateKeyAsync(group, key, cancellation);

    private async Task<PageOf<CertificateView>> CertificatesAsync(
        string group,
        HttpContext context,
        CancellationToken cancellation
    ) =>
        Paging.Page(
            [
                .. (await desks.Credentials.CertificatesAsync(group, cancellation)).OrderBy(
                    static one => one.Id,
                    StringComparer.Ordinal
                ),
            ],
            static one => one.Id,
            KeyOrder.Rising,
            context.Request.Query
        );

    private Task<CertificateView> RevokeCertificateAsync(
        string group,
        string certificate,
        CancellationToken cancellation
    ) => desks.Credentials.RevokeCertificateAsync(group, certificate, cancellation);
}

using System.Globalization;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Control;

internal sealed partial class ControlClient
{
    internal Task<CreatedLinkView> CreateLinkAsync(LinkRequest request, CancellationToken cancellation) =>
        PostAsync<LinkRequest, CreatedLinkView>(ControlRoutes.Links, request, cancellation);

    internal Task<List<LinkView>> LinksAsync(CancellationToken cancellation) =>
        GetAsync<List<LinkView>>(ControlRoutes.Links, cancellation);

    internal Task<LinkView> LinkAsync(string link, CancellationToken cancellation) =>
        GetAsync<LinkView>(ControlRoutes.Fill(ControlRoutes.Link, link), cancellation);

    internal Task<LinkView> RevokeLinkAsync(string link, CancellationToken cancellation) =>
        PostAsync<LinkView>(ControlRoutes.Fill(ControlRoutes.RevokeLink, link), cancellation);

    /// <param name="since">From then on.</param>
    /// <param name="limit">How many; the newest.</param>
    /// <param name="cancellation">Gives up.</param>
    internal Task<List<AuditView>> AuditAsync(DateTimeOffset since, int limit, CancellationToken cancellation)
    {
        var from = since.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        return GetAsync<List<AuditView>>(
            $"{ControlRoutes.Audit}?{ControlRoutes.FromParameter}={from}&{ControlRoutes.LimitParameter}={limit}",
            cancellation
        );
    }
}

using System.Globalization;
using Backup.Foundation.Errors;
using Backup.WebUI;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Api;

/// <content>Download links, and the audit.</content>
internal sealed partial class ApiClient
{
    internal async Task<CreatedLinkView> CreateLinkAsync(LinkRequest request, CancellationToken cancellation)
    {
        var found = await FindAsync(request.Subject, SubjectKind.Any, cancellation);
        var plan = new LinkPlan
        {
            Deployment = found.Id,
            Snapshot = request.Snapshot,
            Optime = request.Optime,
            Time = TimeOf(request.Before),
            Namespaces = request.Namespaces,
            Format = request.Format,
            Gzip = request.Gzip,
            Seconds = request.Seconds,
            Uses = request.Uses,
            Checksum = request.Checksum,
        };
        return await PostAsync<LinkPlan, CreatedLinkView>($"/groups/{found.Group}/links", plan, cancellation);
    }

    internal Task<List<LinkView>> LinksAsync(CancellationToken cancellation) =>
        OfGroupsAsync<LinkView>("links", cancellation);

    internal async Task<LinkView> LinkAsync(string link, CancellationToken cancellation) =>
        (await FindLinkAsync(link, cancellation)).Link;

    internal async Task<LinkView> RevokeLinkAsync(string link, CancellationToken cancellation) =>
        await DeleteAsync<LinkView>((await FindLinkAsync(link, cancellation)).Path, cancellation);

    /// <summary>Oldest first: of everything for whoever is the host or an administrator, else of the caller's groups.</summary>
    /// <param name="since">From then on.</param>
    /// <param name="limit">How many; the newest.</param>
    /// <param name="cancellation">Gives up.</param>
    internal async Task<List<AuditView>> AuditAsync(DateTimeOffset since, int limit, CancellationToken cancellation)
    {
        var query = $"audit?since={Uri.EscapeDataString(since.ToString("O", CultureInfo.InvariantCulture))}";
        var most = Math.Max(1, limit);
        var caller = await CallerAsync(cancellation);
        var records = new List<AuditView>();
        foreach (var path in caller.Administrator ? [""] : caller.Groups.Select(static one => $"/groups/{one.Id}"))
        {
            records.AddRange(await ListAsync<AuditView>($"{path}/{query}", cancellation, most));
        }

        return [.. records.OrderByDescending(static one => one.At).Take(most).Reverse()];
    }

    /// <summary>Asked for by its id in one group after the other: the list of those that ever were is long.</summary>
    private async Task<(string Path, LinkView Link)> FindLinkAsync(string link, CancellationToken cancellation)
    {
        foreach (var group in (await CallerAsync(cancellation)).Groups)
        {
            var path = $"/groups/{group.Id}/links/{Uri.EscapeDataString(link)}";
            try
            {
                return (path, await GetAsync<LinkView>(path, cancellation));
            }
            catch (BackupException elsewhere) when (elsewhere.Number == WebUIErrors.NotFound)
            {
                // Another group may have it.
            }
        }

        throw CliErrors.NoSuchLink(link);
    }
}

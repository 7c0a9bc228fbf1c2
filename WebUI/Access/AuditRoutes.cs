using System.Globalization;
using Backup.Metadata;
using Backup.WebUI.Contracts;
using Backup.WebUI.Frame;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Access;

/// <summary>Who did what, or tried to.</summary>
internal sealed class AuditRoutes(AccessDesk access) : IApiPart
{
    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/audit", ListAllAsync)
            .WithSummary("Who did what in every group and on the appliance as a whole, newest first: ?since=TIME")
            .Administrators();
        api.MapGet("/groups/{group}/audit", ListAsync)
            .WithSummary(
                "Who did what in the group, newest first: ?since=TIME; administrators of the appliance see what concerns it as a whole too"
            )
            .Needs(Permission.Audit);
    }

    private Task<PageOf<AuditView>> ListAllAsync(
        DateTimeOffset? since,
        HttpContext context,
        CancellationToken cancellation
    ) => PageAsync(static limit => new AuditQuery(GroupId: null, limit) { OfAll = true }, since, context, cancellation);

    private Task<PageOf<AuditView>> ListAsync(
        string group,
        DateTimeOffset? since,
        Caller caller,
        HttpContext context,
        CancellationToken cancellation
    ) =>
        PageAsync(
            limit => new AuditQuery(group, limit) { WithAppliance = caller.IsAdministrator },
            since,
            context,
            cancellation
        );

    private async Task<PageOf<AuditView>> PageAsync(
        Func<int, AuditQuery> of,
        DateTimeOffset? since,
        HttpContext context,
        CancellationToken cancellation
    )
    {
        var (limit, after) = Paging.Read(context.Request.Query);
        var found = await access.Metadata.Audit.FindAsync(
            of(limit + 1) with
            {
                Since = since ?? DateTimeOffset.UnixEpoch,
                Before = after is null ? null : Ordinal(after),
            },
            cancellation
        );
        List<AuditRecord> items = [.. found.Take(limit)];
        return new PageOf<AuditView>(
            [.. items.Select(ViewOf)],
            found.Count > limit ? Paging.Encode(items[^1].Ordinal.ToString(CultureInfo.InvariantCulture)) : null
        );
    }

    private static long Ordinal(string cursor) =>
        long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out var ordinal)
            ? ordinal
            : throw WebUIErrors.Page("after", "one that an answer gave");

    private static AuditView ViewOf(AuditRecord record) =>
        new(
            record.At,
            record.Actor,
            record.From,
            record.Action,
            record.Subject,
            record.Outcome,
            record.Bytes,
            record.Code,
            record.Details.Length > 0 ? record.Details : null
        );
}

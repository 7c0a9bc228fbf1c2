using Backup.Foundation.Contracts;
using Backup.Metadata;
using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;
using Backup.WebUI.Frame;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Resources;

/// <summary>How the sources' servers were, and what happened to them.</summary>
internal sealed class MemberRoutes(IMetadataStore metadata, GroupThings things, ApiDesks desks, TimeProvider time)
    : IApiPart
{
    private const int FewestPoints = 2;
    private const int MostPoints = 3000;
    private const int MostDays = 366;
    private const int Points = 400;

    private static readonly Dictionary<string, TimeSpan> Ranges = new(StringComparer.Ordinal)
    {
        ["1h"] = TimeSpan.FromHours(1),
        ["12h"] = TimeSpan.FromHours(12),
        ["2d"] = TimeSpan.FromDays(2),
        ["2w"] = TimeSpan.FromDays(14),
        ["1y"] = TimeSpan.FromDays(365),
    };

    public void Map(IEndpointRouteBuilder api)
    {
        const string deployment = "/groups/{group}/deployments/{deployment}";
        api.MapGet($"{deployment}/monitoring/history", HistoryAsync)
            .WithSummary(
                "How its servers were: ?range=1h, 12h, 2d, 2w or 1y, in ?points=N spans at most; averages, and the least and the most"
            )
            .Needs(Permission.See);
        api.MapGet($"{deployment}/host-events", EventsAsync)
            .WithSummary("What happened to its members, newest first: ?days=N, at most a year")
            .Needs(Permission.See);
    }

    private async Task<PageOf<MonitoringSpan>> HistoryAsync(
        string group,
        string deployment,
        CancellationToken cancellation,
        string range = "1h",
        int points = Points
    )
    {
        if (!Ranges.TryGetValue(range, out var length))
        {
            throw WebUIErrors.Value("range", string.Join(", ", Ranges.Keys));
        }

        var found = await things.DeploymentAsync(group, deployment, cancellation);
        return new PageOf<MonitoringSpan>(
            await desks.Agents.HistoryAsync(
                found.Id,
                length,
                Math.Clamp(points, FewestPoints, MostPoints),
                cancellation
            ),
            null
        );
    }

    private async Task<PageOf<HostEventView>> EventsAsync(
        string group,
        string deployment,
        HttpContext context,
        CancellationToken cancellation,
        int days = MostDays
    )
    {
        var found = await things.DeploymentAsync(group, deployment, cancellation);
        var (limit, _) = Paging.Read(context.Request.Query);
        var now = time.GetUtcNow();
        var events = await metadata.Monitoring.EventsAsync(
            found.Id,
            now.AddDays(-Math.Clamp(days, 1, MostDays)),
            // The one of this moment is one of them.
            now.AddMinutes(1),
            limit,
            cancellation
        );
        return new PageOf<HostEventView>([.. events.Select(HostEvents.Of)], null);
    }
}

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
        api.MapGet($"{deployment}/host-settings", SettingsAsync)
            .WithSummary("What may be asked of its servers")
            .Needs(Permission.See);
        api.MapPut($"{deployment}/host-settings", SetSettingsAsync)
            .WithSummary("Allow that its primary steps down, or that values of queries are shown; or no more")
            .Needs(Permission.Configure, "host.settings", confirmed: true);
        api.MapPost($"{deployment}/host-look", LookAsync)
            .WithSummary("The ends of its servers' logs, and slow operations, as they are now")
            .Needs(Permission.Operate, "host.look");
        api.MapPost($"{deployment}/step-down", StepDownAsync)
            .WithSummary("Tell the primary to step down, where that is allowed and somebody can take over at once")
            .Needs(Permission.Configure, "host.step-down", confirmed: true);
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

    private async Task<HostSettingsView> SettingsAsync(string group, string deployment, CancellationToken cancellation)
    {
        var found = await things.DeploymentAsync(group, deployment, cancellation);
        return View(await metadata.HostRequests.SettingsAsync(found.Id, cancellation));
    }

    private async Task<HostSettingsView> SetSettingsAsync(
        string group,
        string deployment,
        HostSettingsRequest request,
        CancellationToken cancellation
    )
    {
        var found = await things.DeploymentAsync(group, deployment, cancellation);
        var before = await metadata.HostRequests.SettingsAsync(found.Id, cancellation);
        var settings = new HostSettings(
            request.AllowsStepDown ?? before.AllowsStepDown,
            request.ShowsValues ?? before.ShowsValues
        );
        await metadata.HostRequests.SetSettingsAsync(found.Id, settings, cancellation);
        return View(settings);
    }

    private async Task<PageOf<HostExcerpt>> LookAsync(
        string group,
        string deployment,
        HostLookRequest request,
        CancellationToken cancellation
    ) =>
        new(
            await desks.Agents.LookAsync(
                await things.DeploymentAsync(group, deployment, cancellation),
                request,
                cancellation
            ),
            null
        );

    private async Task<StepDownView> StepDownAsync(
        string group,
        string deployment,
        StepDownRequest request,
        CancellationToken cancellation
    ) =>
        await desks.Agents.StepDownAsync(
            await things.DeploymentAsync(group, deployment, cancellation),
            request,
            cancellation
        );

    private static HostSettingsView View(HostSettings settings) => new(settings.AllowsStepDown, settings.ShowsValues);

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

using System.Globalization;
using Backup.Metadata;
using Backup.Metadata.Alerting;
using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;
using Backup.WebUI.Frame;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Resources;

/// <summary>What is wrong and was, the rules of it, and times in which nobody is told.</summary>
internal sealed class AlertRoutes(IMetadataStore metadata, GroupThings things, ApiDesks desks, TimeProvider time)
    : IApiPart
{
    private const int LongestText = 1000;
    private const string Alerts = "/groups/{group}/alerts";
    private const string Windows = "/groups/{group}/maintenance-windows";

    private static readonly TimeSpan LongestWindow = TimeSpan.FromDays(31);

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet(Alerts, ListAsync)
            .WithSummary("Alerts, newest first: ?state=open or all; those of the appliance as a whole too")
            .Needs(Permission.See);
        api.MapGet($"{Alerts}/{{alert}}", ShowAsync).WithSummary("One alert").Needs(Permission.See);
        api.MapPost($"{Alerts}/{{alert}}/acknowledge", AcknowledgeAsync)
            .WithSummary("Somebody knows: it is not told again, unless it gets worse")
            .Needs(Permission.Operate, "alert.acknowledge");
        api.MapPost($"{Alerts}/{{alert}}/resolve", ResolveAsync)
            .WithSummary("It is over; where it is still so, it stays closed until it was over once")
            .Needs(Permission.Operate, "alert.resolve");
        api.MapGet("/groups/{group}/alert-conditions", ConditionsAsync)
            .WithSummary("What is looked at, with its thresholds: ?deployment= of that one")
            .Needs(Permission.See);
        api.MapPut("/groups/{group}/alert-conditions/{condition}", SetRuleAsync)
            .WithSummary("From when on it is an alert, in the group or of one deployment")
            .Needs(Permission.Configure, "alert.rule.set");
        api.MapPut("/alert-conditions/{condition}", SetApplianceRuleAsync)
            .WithSummary("From when on it is an alert, of the appliance as a whole")
            .Administrators("alert.rule.set");
        api.MapGet(Windows, WindowsAsync)
            .WithSummary("Times in which nobody is told, those that are over left out")
            .Needs(Permission.See);
        api.MapPost(Windows, AddWindowAsync)
            .WithSummary("Nobody is told for that time; what is open at its end is told then")
            .Needs(Permission.Operate, "maintenance.add");
        api.MapDelete($"{Windows}/{{window}}", RemoveWindowAsync)
            .WithSummary("Tell again")
            .Needs(Permission.Operate, "maintenance.remove");
    }

    private async Task<PageOf<AlertView>> ListAsync(
        string group,
        string? state,
        Caller caller,
        HttpContext context,
        CancellationToken cancellation
    )
    {
        if (state is not (null or "open" or "all"))
        {
            throw WebUIErrors.Value("state", "open or all");
        }

        var (limit, after) = Paging.Read(context.Request.Query);
        var found = await metadata.Alerts.FindAsync(
            new AlertQuery(group, limit + 1)
            {
                WithAppliance = true,
                OnlyOpen = state != "all",
                Before = after is null ? null : Number(after),
            },
            cancellation
        );
        var items = found.Take(limit).ToList();
        return new PageOf<AlertView>(
            await ViewsAsync([.. items.Where(one => caller.IsOfAppliance || !one.IsOfAccounts)], cancellation),
            found.Count > limit ? Paging.Encode(items[^1].Id.ToString(CultureInfo.InvariantCulture)) : null
        );
    }

    private async Task<AlertView> ShowAsync(
        string group,
        string alert,
        Caller caller,
        CancellationToken cancellation
    ) => await ViewAsync(await things.AlertAsync(group, alert, caller, cancellation), cancellation);

    private async Task<AlertView> AcknowledgeAsync(
        string group,
        string alert,
        AcknowledgementRequest request,
        Caller caller,
        CancellationToken cancellation
    )
    {
        var found = await HandledAsync(group, alert, caller, cancellation);
        var now = time.GetUtcNow();
        if (request.Until is { } until && until <= now)
        {
            throw WebUIErrors.Value("until", "a time that is still to come");
        }

        var known = new Acknowledgement(
            caller.Name,
            now,
            Text(request.Comment, "comment"),
            request.Until?.ToUniversalTime()
        );
        return await ViewAsync(await metadata.Alerts.AcknowledgeAsync(found.Id, known, cancellation), cancellation);
    }

    private async Task<AlertView> ResolveAsync(
        string group,
        string alert,
        ResolutionRequest request,
        Caller caller,
        CancellationToken cancellation
    )
    {
        var found = await HandledAsync(group, alert, caller, cancellation);
        var comment = Text(request.Comment, "comment");
        var said = comment.Length > 0 ? $"{comment} ({caller.Name})" : $"closed by {caller.Name}";
        return await ViewAsync(await metadata.Alerts.CloseAsync(found.Id, said, cancellation), cancellation);
    }

    /// <summary>What is about the appliance as a whole is its administrators' to handle: closed by one group it would be closed for all.</summary>
    private async Task<AlertRecord> HandledAsync(
        string group,
        string alert,
        Caller caller,
        CancellationToken cancellation
    )
    {
        var found = await things.AlertAsync(group, alert, caller, cancellation);
        return found.GroupId is not null || caller.IsOfAppliance ? found : throw WebUIErrors.Administrators();
    }

    private async Task<IReadOnlyList<ConditionView>> ConditionsAsync(
        string group,
        string? deployment,
        CancellationToken cancellation
    )
    {
        var of = deployment is null ? null : await things.DeploymentAsync(group, deployment, cancellation);
        return await desks.Alerts.ConditionsAsync(group, of?.Id, cancellation);
    }

    private async Task<NoContent> SetRuleAsync(
        string group,
        string condition,
        RuleRequest request,
        CancellationToken cancellation
    )
    {
        var of = request.Deployment is { } name ? await things.DeploymentAsync(group, name, cancellation) : null;
        await desks.Alerts.SetRuleAsync(group, of?.Id, condition, request, cancellation);
        return TypedResults.NoContent();
    }

    private async Task<NoContent> SetApplianceRuleAsync(
        string condition,
        RuleRequest request,
        CancellationToken cancellation
    )
    {
        await desks.Alerts.SetRuleAsync(null, null, condition, request, cancellation);
        return TypedResults.NoContent();
    }

    private async Task<IReadOnlyList<WindowView>> WindowsAsync(string group, CancellationToken cancellation) =>
        [.. (await metadata.AlertRules.WindowsAsync(cancellation)).Where(one => one.GroupId == group).Select(View)];

    private async Task<Created<WindowView>> AddWindowAsync(
        string group,
        WindowRequest request,
        Caller caller,
        CancellationToken cancellation
    )
    {
        var now = time.GetUtcNow();
        var (from, to) = (request.From?.ToUniversalTime() ?? now, request.To.ToUniversalTime());
        if (to <= from || to <= now || to - from > LongestWindow)
        {
            throw WebUIErrors.Value(
                "to",
                $"a time after its begin and after now, {LongestWindow.TotalDays:0} days after its begin at most"
            );
        }

        var of = request.Deployment is { } name ? await things.DeploymentAsync(group, name, cancellation) : null;
        var window = new MaintenanceWindow(
            Guid.CreateVersion7(now).ToString("N"),
            group,
            of?.Id,
            from,
            to,
            Text(request.Text, "text"),
            caller.Name
        );
        await metadata.AlertRules.AddWindowAsync(window, cancellation);
        return TypedResults.Created($"{PublicApi.Root}/groups/{group}/maintenance-windows/{window.Id}", View(window));
    }

    private async Task<NoContent> RemoveWindowAsync(string group, string window, CancellationToken cancellation) =>
        await metadata.AlertRules.RemoveWindowAsync(group, window, cancellation)
            ? TypedResults.NoContent()
            : throw WebUIErrors.Nothing("such maintenance window in this group");

    private async Task<IReadOnlyList<AlertView>> ViewsAsync(
        IReadOnlyList<AlertRecord> alerts,
        CancellationToken cancellation
    )
    {
        var bursts = alerts.Any(static one => one is { IsOpen: true, Condition: MassChange.Condition })
            ? (await metadata.Radar.OpenAsync(cancellation)).ToDictionary(static one => one.Id)
            : [];
        var excerpts = await metadata.AlertExcerpts.OfAsync([.. alerts.Select(static one => one.Id)], cancellation);
        return
        [
            .. alerts.Select(one =>
                AlertEntries.Of(
                    one,
                    desks.Alerts.TitleOf(one.Condition),
                    one.IsOpen ? bursts.GetValueOrDefault(one.Subject) : null
                ) with
                {
                    HasExcerpt = excerpts.Contains(one.Id),
                }
            ),
        ];
    }

    private async Task<AlertView> ViewAsync(AlertRecord alert, CancellationToken cancellation) =>
        (await ViewsAsync([alert], cancellation))[0];

    private static WindowView View(MaintenanceWindow one) =>
        new(one.Id, one.DeploymentId, one.From, one.To, one.Text, one.By);

    private static string Text(string? text, string field) =>
        text is null or { Length: <= LongestText }
            ? text?.Trim() ?? ""
            : throw WebUIErrors.Value(field, $"a text of {LongestText} characters at most");

    private static long Number(string after) =>
        long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw WebUIErrors.Page("after", "what a part before it gave as next");
}

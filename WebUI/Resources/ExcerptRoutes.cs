using System.Text.Json;
using Backup.Foundation.Compression;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Backup.Metadata.Alerting;
using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Resources;

/// <summary>What is collected of a source's servers when an alert opens, and by which rules.</summary>
internal sealed class ExcerptRoutes(IMetadataStore metadata, GroupThings things, ApiDesks desks) : IApiPart
{
    private const string Rules = "/groups/{group}/excerpt-rules";

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/groups/{group}/alerts/{alert}/excerpt", ShowAsync)
            .WithSummary(
                "What the source's servers told when the alert opened: ends of their logs, and slow operations"
            )
            .Needs(Permission.Operate);
        api.MapGet(Rules, ListAsync)
            .WithSummary("For which alerts logs and slow operations are collected")
            .Needs(Permission.See);
        api.MapPut(Rules, SetAsync)
            .WithSummary("Collect logs and slow operations when such alerts open, in the group or of one deployment")
            .Needs(Permission.Configure, "alert.excerpts.set");
        api.MapDelete(Rules, RemoveAsync)
            .WithSummary("Remove the rule of the group, or ?deployment= of that one: the group's counts for it then")
            .Needs(Permission.Configure, "alert.excerpts.remove");
    }

    private async Task<AlertExcerptView> ShowAsync(
        string group,
        string alert,
        Caller caller,
        CancellationToken cancellation
    )
    {
        var found = await things.AlertAsync(group, alert, caller, cancellation);
        var excerpt =
            await metadata.AlertExcerpts.FindAsync(found.Id, cancellation)
            ?? throw WebUIErrors.Nothing("excerpt of this alert");
        var raw = new byte[excerpt.RawLength];
        Zstd.Decompress(excerpt.Content, raw);
        var answer = JsonSerializer.Deserialize(raw, AgentJson.Default.HostAnswer)!;
        return new AlertExcerptView(
            excerpt.At,
            answer.Hosts,
            answer.Fault is { } fault ? new ErrorView(fault.Code, fault.Message, fault.Hint) : null
        );
    }

    private async Task<IReadOnlyList<ExcerptRuleView>> ListAsync(string group, CancellationToken cancellation) =>
        [.. (await metadata.AlertExcerpts.RulesAsync(cancellation)).Where(one => one.GroupId == group).Select(View)];

    private async Task<NoContent> SetAsync(string group, ExcerptRuleRequest request, CancellationToken cancellation)
    {
        var of = request.Deployment is { } name ? await things.DeploymentAsync(group, name, cancellation) : null;
        await desks.Alerts.SetExcerptRuleAsync(group, of?.Id, request, cancellation);
        return TypedResults.NoContent();
    }

    private async Task<NoContent> RemoveAsync(string group, string? deployment, CancellationToken cancellation)
    {
        var of = deployment is null ? null : await things.DeploymentAsync(group, deployment, cancellation);
        return await metadata.AlertExcerpts.RemoveRuleAsync(group, of?.Id, cancellation)
            ? TypedResults.NoContent()
            : throw WebUIErrors.Nothing("such rule in this group");
    }

    private static ExcerptRuleView View(ExcerptRule one) =>
        new(one.DeploymentId, one.IsOn, one.Conditions, one.Lines, one.Severity, one.SlowMilliseconds);
}

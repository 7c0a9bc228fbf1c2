using System.Globalization;
using Backup.Foundation.Errors;
using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;
using Backup.WebUI.Frame;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Resources;

/// <summary>Single documents. Answers lines of JSON: progress as it goes, versions as they are found, then the end or the error.</summary>
internal sealed class DocumentRoutes(GroupThings things, ApiDesks desks) : IApiPart
{
    private const string One = "/groups/{group}/deployments/{deployment}/document";

    public void Map(IEndpointRouteBuilder api)
    {
        // The desk writes the records itself: that it begins, and how it ended.
        api.MapPost(One, GetAsync)
            .WithSummary("One document as a snapshot, or any moment, has it; as lines of JSON")
            .WithMetadata(new StreamedAnswer())
            .Needs(Permission.Restore, confirmed: true);
        api.MapPost($"{One}/history", HistoryAsync)
            .WithSummary("Every version of one document, oldest first; as lines of JSON")
            .WithMetadata(new StreamedAnswer())
            .Needs(Permission.Restore, confirmed: true);
    }

    private async Task GetAsync(
        string group,
        string deployment,
        DocumentPlan plan,
        HttpContext context,
        CancellationToken cancellation
    )
    {
        if ((plan.Snapshot is null ? 0 : 1) + (plan.Optime is null ? 0 : 1) + (plan.Time is null ? 0 : 1) > 1)
        {
            throw WebUIErrors.TwoMoments();
        }

        var subject = await things.SubjectAsync(group, deployment, cancellation);
        var request = new DocumentRequest(
            subject.Id,
            plan.Namespace,
            plan.Id,
            plan.Snapshot,
            Of(new MomentPlan(plan.Optime, plan.Time)),
            IsCanonical: plan.Canonical
        );
        await AnswerAsync(context.Response, desks.Documents.GetAsync(request, cancellation), cancellation);
    }

    private async Task HistoryAsync(
        string group,
        string deployment,
        HistoryPlan plan,
        HttpContext context,
        CancellationToken cancellation
    )
    {
        var subject = await things.SubjectAsync(group, deployment, cancellation);
        var request = new DocumentRequest(
            subject.Id,
            plan.Namespace,
            plan.Id,
            Since: Of(plan.Since),
            Until: Of(plan.Until),
            IsCanonical: plan.Canonical
        );
        await AnswerAsync(context.Response, desks.Documents.HistoryAsync(request, cancellation), cancellation);
    }

    private static async Task AnswerAsync(
        HttpResponse response,
        IAsyncEnumerable<DocumentLine> lines,
        CancellationToken cancellation
    )
    {
        JsonLines.Begin(response);
        try
        {
            await foreach (var line in lines.WithCancellation(cancellation))
            {
                await JsonLines.WriteAsync(response, line, cancellation);
            }

            await JsonLines.WriteAsync(response, new DocumentLine(IsEnd: true), cancellation);
        }
        catch (BackupException failure) when (response.HasStarted)
        {
            // The status line is gone already.
            var error = new ErrorView(failure.Code, failure.Message, failure.Hint) { Field = failure.Field };
            await JsonLines.WriteAsync(response, new DocumentLine(Error: error), cancellation);
        }
    }

    private static MomentRequest? Of(MomentPlan? plan) =>
        plan switch
        {
            null or { Optime: null, Time: null } => null,
            { Optime: { } optime, Time: null } => new MomentRequest(optime, null),
            { Optime: null, Time: { } time } => new MomentRequest(
                null,
                time.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)
            ),
            _ => throw WebUIErrors.TwoMoments(),
        };
}

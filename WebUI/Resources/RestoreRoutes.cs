using System.Globalization;
using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;
using Backup.WebUI.Frame;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Resources;

/// <summary>Restores that go on by themselves: pushes over SSH, and straight into MongoDB.</summary>
internal sealed class RestoreRoutes(GroupThings things, ApiDesks desks, TimeProvider time) : IApiPart
{
    /// <summary>How often who attends is told how far it is.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/groups/{group}/restores", ListAsync)
            .WithSummary("Restores under way and of the last days, newest first")
            .Needs(Permission.See);
        // The work writes its own records: that it begins, and how it ended.
        api.MapPost("/groups/{group}/restores", BeginAsync)
            .WithSummary("Begin a restore: a push over SSH, or straight into MongoDB")
            .Needs(Permission.Restore, confirmed: true);
        api.MapGet("/groups/{group}/restores/{restore}", ShowAsync)
            .WithSummary("One restore, with its progress")
            .Needs(Permission.See);
        api.MapPost("/groups/{group}/restores/{restore}/cancel", CancelAsync)
            .WithSummary("Stop it; what it wrote stays where it is")
            .Needs(Permission.Restore, "restore.cancel");
        // As where it began: the work writes its own records.
        api.MapPost("/groups/{group}/restores/{restore}/retry", RetryAsync)
            .WithSummary("Once more, where it failed or was cancelled; it goes on with what is there")
            .Needs(Permission.Restore, confirmed: true);
        // Its end is in the records of the work.
        api.MapPost("/groups/{group}/restores/{restore}/attend", AttendAsync)
            .WithSummary("Its progress as lines of JSON until it ends; whoever hangs up before stops it")
            .WithMetadata(new StreamedAnswer())
            .Needs(Permission.Restore);
    }

    private async Task<PageOf<RestoreTaskView>> ListAsync(
        string group,
        HttpContext context,
        CancellationToken cancellation
    ) =>
        Paging.Page(
            await desks.Restores.ListAsync(group, cancellation),
            static one =>
                string.Create(CultureInfo.InvariantCulture, $"{one.StartedAt.ToUnixTimeMilliseconds():D15} {one.Id}"),
            KeyOrder.Falling,
            context.Request.Query
        );

    private async Task<Accepted<RestoreTaskView>> BeginAsync(
        string group,
        RestorePlans plans,
        Caller caller,
        CancellationToken cancellation
    )
    {
        var request = plans switch
        {
            { Push: { } push, Into: null } => new RestoreTaskRequest(
                Push: Plans.Of(push, (await things.SubjectAsync(group, push.Deployment, cancellation)).Id)
            ),
            { Into: { } into, Push: null } => new RestoreTaskRequest(
                Into: Plans.Of(into, (await things.SubjectAsync(group, into.Deployment, cancellation)).Id)
            ),
            _ => throw WebUIErrors.Body("exactly one of 'push' and 'into' says where to.", "push"),
        };
        RequireForeign(request.Into?.Uri, caller);
        var begun = await desks.Restores.BeginAsync(group, request, cancellation);
        return TypedResults.Accepted($"{WebUIHost.Root}/groups/{group}/restores/{begun.Id}", begun);
    }

    private void RequireForeign(string? uri, Caller caller)
    {
        if (uri is not null && caller.Kind != CallerKind.Host)
        {
            desks.Restores.RequireForeign(uri);
        }
    }

    private async Task<RestoreTaskView> ShowAsync(string group, string restore, CancellationToken cancellation) =>
        await desks.Restores.FindAsync(group, restore, cancellation)
        ?? throw WebUIErrors.Nothing("such restore in this group");

    private async Task AttendAsync(string group, string restore, HttpContext context, CancellationToken cancellation)
    {
        var task = await ShowAsync(group, restore, cancellation);
        JsonLines.Begin(context.Response);
        try
        {
            for (RestoreTaskView? told = null; ; task = await ShowAsync(group, restore, cancellation))
            {
                if (task != told)
                {
                    await JsonLines.WriteAsync(context.Response, task, cancellation);
                    told = task;
                }

                if (task.FinishedAt is not null)
                {
                    return;
                }

                await Task.Delay(Look, time, cancellation);
            }
        }
        catch (Exception) when (cancellation.IsCancellationRequested)
        {
            await desks.Restores.CancelAsync(group, task.Id, CancellationToken.None);
            throw;
        }
    }

    private async Task<Accepted<RestoreTaskView>> RetryAsync(
        string group,
        string restore,
        RetryRequest retry,
        Caller caller,
        CancellationToken cancellation
    )
    {
        RequireForeign(retry.Uri, caller);
        var found = await ShowAsync(group, restore, cancellation);
        var begun = await desks.Restores.RetryAsync(group, found.Id, retry, cancellation);
        return TypedResults.Accepted($"{WebUIHost.Root}/groups/{group}/restores/{begun.Id}", begun);
    }

    private async Task<RestoreTaskView> CancelAsync(string group, string restore, CancellationToken cancellation)
    {
        var found = await ShowAsync(group, restore, cancellation);
        await desks.Restores.CancelAsync(group, found.Id, cancellation);
        return await ShowAsync(group, restore, cancellation);
    }
}

using System.Globalization;
using Backup.Metadata;
using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;
using Backup.WebUI.Frame;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Backup.WebUI.Resources;

/// <summary>What is being done, and was.</summary>
internal sealed class JobRoutes(IMetadataStore metadata, GroupThings things, ApiDesks desks) : IApiPart
{
    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/groups/{group}/jobs", ListAsync).WithSummary("Jobs, newest first").Needs(Permission.See);
        api.MapGet("/groups/{group}/jobs/{job}", ShowAsync).WithSummary("One job").Needs(Permission.See);
        api.MapGet("/groups/{group}/jobs/{job}/log", LogAsync)
            .WithSummary("What a job told, oldest first: its newest 500 lines, kept for 90 days")
            .Needs(Permission.See);
        api.MapGet("/groups/{group}/jobs/{job}/report", ReportAsync)
            .WithSummary("The report of a verification that has ended, signed by the appliance")
            .Needs(Permission.See);
        api.MapPost("/groups/{group}/jobs/{job}/retry", RetryAsync)
            .WithSummary("Ask for it once more where it failed or was cancelled; a restore: see /restores")
            .Needs(Permission.Operate, "job.retry");
        api.MapPost("/groups/{group}/jobs/{job}/cancel", CancelAsync)
            .WithSummary("End it where it has not ended; a restore: see /restores")
            .Needs(Permission.Operate, "job.cancel");
    }

    public static string PathOf(string group, string job) => $"{WebUIHost.Root}/groups/{group}/jobs/{job}";

    private async Task<PageOf<ActivityView>> ListAsync(
        string group,
        Caller caller,
        HttpContext context,
        CancellationToken cancellation
    )
    {
        var names = await NamesAsync(group, cancellation);
        var (limit, after) = Paging.Read(context.Request.Query);
        var found = await metadata.Jobs.FindAsync(
            new JobQuery([.. names.Keys], limit + 1) { Before = after is null ? null : Read(after) },
            cancellation
        );
        var jobs = found.Take(limit).ToList();
        var views = await desks.Status.JobsAsync(jobs, cancellation);
        return new PageOf<ActivityView>(
            [
                .. jobs.Zip(views)
                    .Where(one => StoreJobs.IsSeenBy(one.First, group))
                    .Select(one => ViewOf(one.First, one.Second, names, caller)),
            ],
            found.Count > limit ? Paging.Encode(KeyOf(jobs[^1])) : null
        );
    }

    private async Task<ActivityView> ShowAsync(string group, string job, Caller caller, CancellationToken cancellation)
    {
        var names = await NamesAsync(group, cancellation);
        return await ViewAsync(await FindAsync(group, job, names, cancellation), names, caller, cancellation);
    }

    private async Task<PageOf<JobLogView>> LogAsync(
        string group,
        string job,
        Caller caller,
        CancellationToken cancellation
    )
    {
        var found = await FindAsync(group, job, await NamesAsync(group, cancellation), cancellation);
        var lines = StoreJobs.IsOf(found, caller) ? await metadata.Jobs.LogOfAsync(found.Id, cancellation) : [];
        // All of them: their number is bounded.
        return new PageOf<JobLogView>(
            [.. lines.Select(static one => new JobLogView(one.At, one.Text, one.IsTrouble))],
            null
        );
    }

    private async Task<SignedReportView> ReportAsync(
        string group,
        string job,
        HttpContext context,
        CancellationToken cancellation
    )
    {
        var found = await FindAsync(group, job, await NamesAsync(group, cancellation), cancellation);
        var report = await desks.Reports.ReportAsync(found.Id, cancellation);
        context.Response.Headers.ContentDisposition = $"attachment; filename=\"verification-{found.Id}.json\"";
        return report;
    }

    private async Task<Accepted<ActivityView>> RetryAsync(
        string group,
        string job,
        Caller caller,
        CancellationToken cancellation
    )
    {
        var names = await NamesAsync(group, cancellation);
        var found = await HandledAsync(group, job, names, caller, cancellation);
        var again = await desks.Status.RetryAsync(found.Id, cancellation);
        return TypedResults.Accepted(
            PathOf(group, again.Id),
            await ViewAsync(await FindAsync(group, again.Id, names, cancellation), names, caller, cancellation)
        );
    }

    /// <summary>One that the caller may end, or ask for again.</summary>
    private async Task<JobRecord> HandledAsync(
        string group,
        string job,
        IReadOnlyDictionary<string, string> names,
        Caller caller,
        CancellationToken cancellation
    )
    {
        var found = await FindAsync(group, job, names, cancellation);
        RequireNoRestore(found);
        return StoreJobs.IsOf(found, caller) ? found : throw WebUIErrors.Administrators();
    }

    /// <summary>Who may restore may more than who may operate: restores have routes of their own.</summary>
    private static void RequireNoRestore(JobRecord job)
    {
        if (RestoreJobs.Kinds.Contains(job.Kind))
        {
            throw WebUIErrors.IsRestore(job.Id);
        }
    }

    private async Task<ActivityView> CancelAsync(
        string group,
        string job,
        Caller caller,
        CancellationToken cancellation
    )
    {
        var names = await NamesAsync(group, cancellation);
        var found = await HandledAsync(group, job, names, caller, cancellation);
        _ = await desks.Status.CancelAsync(found.Id, cancellation);
        return await ViewAsync(await FindAsync(group, job, names, cancellation), names, caller, cancellation);
    }

    /// <summary>What jobs may be about: what the group has, and what belongs to all groups.</summary>
    private async Task<IReadOnlyDictionary<string, string>> NamesAsync(string group, CancellationToken cancellation) =>
        new Dictionary<string, string>(await things.NamesAsync(group, cancellation))
        {
            [JobSubjects.Store] = "block store",
        };

    private async Task<JobRecord> FindAsync(
        string group,
        string id,
        IReadOnlyDictionary<string, string> names,
        CancellationToken cancellation
    ) =>
        await metadata.Jobs.FindAsync(id, cancellation) is { ReplicaSetId: { } subject } job
        && names.ContainsKey(subject)
        && StoreJobs.IsSeenBy(job, group)
            ? job
            : throw WebUIErrors.Nothing("such job in this group");

    private async Task<ActivityView> ViewAsync(
        JobRecord job,
        IReadOnlyDictionary<string, string> names,
        Caller caller,
        CancellationToken cancellation
    ) => ViewOf(job, await desks.Status.JobAsync(job.Id, cancellation), names, caller);

    private static ActivityView ViewOf(
        JobRecord job,
        JobView view,
        IReadOnlyDictionary<string, string> names,
        Caller caller
    ) =>
        new(
            StoreJobs.IsOf(job, caller) ? view : StoreJobs.Bare(view),
            job.Title ?? (job.ReplicaSetId is { } id ? names[id] : null),
            job.Attempts,
            job.CreatedAt,
            job.StartedAt,
            job.FinishedAt
        );

    private static string KeyOf(JobRecord job) =>
        string.Create(CultureInfo.InvariantCulture, $"{job.CreatedAt.ToUnixTimeMilliseconds():D15} {job.Id}");

    private static (DateTimeOffset CreatedAt, string Id) Read(string key) =>
        key.IndexOf(' ', StringComparison.Ordinal) is var space and > 0
        && long.TryParse(key.AsSpan(0, space), NumberStyles.None, CultureInfo.InvariantCulture, out var at)
        && at <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? (DateTimeOffset.FromUnixTimeMilliseconds(at), key[(space + 1)..])
            : throw WebUIErrors.Page("after", "what a part before it gave as next");
}

using Backup.Foundation.Errors;
using Backup.WebUI;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Api;

/// <content>Jobs, as whoever looks after them asks for them: by their id, in whatever group they are.</content>
internal sealed partial class ApiClient
{
    /// <summary>Newest first, of all groups.</summary>
    internal async Task<List<ActivityView>> JobsAsync(int limit, CancellationToken cancellation)
    {
        var all = new List<ActivityView>();
        foreach (var group in (await CallerAsync(cancellation)).Groups)
        {
            all.AddRange(await ListAsync<ActivityView>($"/groups/{group.Id}/jobs", cancellation, limit));
        }

        return [.. all.OrderByDescending(static one => one.CreatedAt).Take(limit)];
    }

    internal async Task<ActivityView> JobAsync(string job, CancellationToken cancellation) =>
        (await FindJobAsync(job, cancellation)).Job;

    internal async Task<List<JobLogView>> JobLogAsync(string job, CancellationToken cancellation)
    {
        var found = await FindJobAsync(job, cancellation);
        return await ListAsync<JobLogView>($"/groups/{found.Group}/jobs/{found.Job.Job.Id}/log", cancellation);
    }

    /// <summary>The signed report of a verification that has ended.</summary>
    internal async Task<SignedReportView> JobReportAsync(string job, CancellationToken cancellation)
    {
        var found = await FindJobAsync(job, cancellation);
        return await GetAsync<SignedReportView>($"/groups/{found.Group}/jobs/{found.Job.Job.Id}/report", cancellation);
    }

    /// <summary>Restores have routes of their own, as who may restore may more.</summary>
    internal async Task<ActivityView> CancelJobAsync(string job, CancellationToken cancellation)
    {
        var found = await FindJobAsync(job, cancellation);
        _ = await PostAsync<object>($"{PathOf(found)}/cancel", cancellation);
        return await JobAsync(job, cancellation);
    }

    /// <param name="job">Its id.</param>
    /// <param name="uri">Of a restore into MongoDB, where to.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The new one.</returns>
    internal async Task<ActivityView> RetryJobAsync(string job, string? uri, CancellationToken cancellation)
    {
        var found = await FindJobAsync(job, cancellation);
        return found.IsRestore
            ? await JobAsync(
                (
                    await PostAsync<RetryRequest, RestoreTaskView>(
                        $"{PathOf(found)}/retry",
                        new RetryRequest(uri),
                        cancellation
                    )
                ).Id,
                cancellation
            )
            : await PostAsync<ActivityView>($"{PathOf(found)}/retry", cancellation);
    }

    private static string PathOf(FoundJob found) =>
        $"/groups/{found.Group}/{(found.IsRestore ? "restores" : "jobs")}/{found.Job.Job.Id}";

    private async Task<FoundJob> FindJobAsync(string job, CancellationToken cancellation)
    {
        foreach (var group in (await CallerAsync(cancellation)).Groups)
        {
            try
            {
                var path = $"/groups/{group.Id}/jobs/{Uri.EscapeDataString(job)}";
                return new FoundJob(group.Id, await GetAsync<ActivityView>(path, cancellation));
            }
            catch (BackupException elsewhere) when (elsewhere.Number == WebUIErrors.NotFound)
            {
                // Another group may have it.
            }
        }

        throw CliErrors.NoSuchJob(job);
    }

    private sealed record FoundJob(string Group, ActivityView Job)
    {
        internal bool IsRestore => Metadata.RestoreJobs.Kinds.Contains(Job.Job.Kind);
    }
}

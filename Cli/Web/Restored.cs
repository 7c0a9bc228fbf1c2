using System.Globalization;
using Backup.Cli.Appliance;
using Backup.Metadata;
using Backup.WebUI.Contracts;

namespace Backup.Cli.Web;

/// <summary>Restores as the API tells them.</summary>
internal static class Restored
{
    internal static RestoreTaskView View(JobRecord job, DateTimeOffset now)
    {
        var outcome = RestoreOutcome.Read(job.Result);
        return new RestoreTaskView(
            job.Id,
            job.Kind,
            job.Title ?? "",
            StateOf(job),
            job.Phase,
            job.Bytes,
            job.ExpectedBytes,
            job.StartedAt ?? job.CreatedAt,
            job.FinishedAt,
            job.AskedBy,
            job.ErrorCode is null ? null : new ErrorView(job.ErrorCode, job.ErrorMessage ?? "", job.ErrorHint ?? ""),
            outcome.Push,
            outcome.Into
        )
        {
            BytesPerSecond = JobPace.RateOf(job),
            RemainingSeconds = JobPace.RemainingOf(job, now),
            RetryOf = job.RetryOf,
        };
    }

    internal static string StateOf(JobRecord job) => job.State.ToString().ToLower(CultureInfo.InvariantCulture);
}

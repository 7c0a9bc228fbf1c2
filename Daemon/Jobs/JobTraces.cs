using System.Diagnostics;
using Backup.Metadata;

namespace Backup.Daemon.Jobs;

/// <summary>Each attempt at a job is an activity: its id stands in every line that is logged meanwhile, and in what is traced.</summary>
public static class JobTraces
{
    /// <summary>Of the source of activities.</summary>
    public const string SourceName = "Backup.Daemon";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Null where nobody listens.</summary>
    internal static Activity? Start(JobRecord job)
    {
        // Of its own: a worker was started by nobody's request.
        Activity.Current = null;
        return Source
            .StartActivity($"job {job.Kind}")
            ?.SetTag("backup.job.id", job.Id)
            .SetTag("backup.job.kind", job.Kind)
            .SetTag("backup.job.attempt", job.Attempts);
    }

    /// <param name="activity">Of <see cref="Start"/>.</param>
    /// <param name="code">Of the error, with which it can be looked up.</param>
    /// <param name="message">What is wrong.</param>
    internal static void Failed(this Activity? activity, string code, string message) =>
        activity?.SetStatus(ActivityStatusCode.Error, message).SetTag("error.type", code);
}

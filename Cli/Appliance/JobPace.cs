using Backup.Metadata;

namespace Backup.Cli.Appliance;

/// <summary>How fast a job is, and until when it takes.</summary>
internal static class JobPace
{
    /// <summary>Below it the time that passed says nothing about the rest.</summary>
    private const double LeastShare = 0.02;

    /// <summary>By how much the share may be another than that of the bytes: then the bytes are a part of it alone.</summary>
    private const double SameShare = 0.01;

    /// <summary>Bytes a second; null where it does not run, or is not counted in bytes.</summary>
    internal static double? RateOf(JobRecord job) =>
        job is { State: JobState.Running, BytesPerSecond: > 0 } ? Math.Round(job.BytesPerSecond) : null;

    /// <summary>Seconds, as it goes now; null where that cannot be told.</summary>
    internal static double? RemainingOf(JobRecord job, DateTimeOffset now)
    {
        if (job is not { State: JobState.Running, StartedAt: { } started })
        {
            return null;
        }

        var isAllBytes =
            job.ExpectedBytes > 0 && Math.Abs((double)job.Bytes / job.ExpectedBytes - job.Progress) < SameShare;
        if (isAllBytes && job.BytesPerSecond > 0)
        {
            return Math.Round(Math.Max(0, job.ExpectedBytes - job.Bytes) / job.BytesPerSecond);
        }

        // Shares that are steps and no measure (one half, say) tell nothing: only what is counted is.
        return job.ExpectedBytes > 0 && job.Progress >= LeastShare
            ? Math.Round((now - started).TotalSeconds * (1 - job.Progress) / job.Progress)
            : null;
    }
}

namespace Backup.Metadata;

/// <summary>The queue of durable work, and its history.</summary>
public interface IJobs
{
    Task AddAsync(JobRecord job, CancellationToken cancellation = default);

    Task<JobRecord?> FindAsync(string id, CancellationToken cancellation = default);

    /// <summary>Newest first.</summary>
    Task<IReadOnlyList<JobRecord>> ListAsync(int limit, CancellationToken cancellation = default);

    /// <summary>Those that are asked for, newest first: by when they were queued, and by their id.</summary>
    Task<IReadOnlyList<JobRecord>> FindAsync(JobQuery query, CancellationToken cancellation = default);

    /// <summary>
    /// Takes the oldest job that is queued, or running with its lease run out, of these kinds: Running, Attempts + 1, owned until now + lease.
    /// Null where there is none.
    /// </summary>
    Task<JobRecord?> TakeAsync(
        IReadOnlyCollection<string> kinds,
        string owner,
        TimeSpan lease,
        CancellationToken cancellation = default
    ) => TakeAsync(new JobTake(kinds), owner, lease, cancellation);

    /// <summary>The same for a daemon that can do some kinds for the heads alone that it keeps.</summary>
    Task<JobRecord?> TakeAsync(JobTake take, string owner, TimeSpan lease, CancellationToken cancellation = default);

    /// <summary>Stores how far it is and renews the lease; false where the job is no longer this owner's (or was cancelled): stop working on it.</summary>
    Task<bool> ProgressAsync(
        string id,
        string owner,
        JobReport report,
        TimeSpan lease,
        CancellationToken cancellation = default
    );

    /// <summary>Ends the job well; false where it is no longer this owner's.</summary>
    Task<bool> SucceedAsync(string id, string owner, string result, CancellationToken cancellation = default);

    /// <summary>Stores the failure; false where the job is no longer this owner's.</summary>
    /// <param name="retry">Queue it again instead of ending it.</param>
    Task<bool> FailAsync(
        string id,
        string owner,
        string code,
        string message,
        string hint,
        bool retry,
        CancellationToken cancellation = default
    );

    /// <summary>Ends a job that is queued or running; false where there is none or it has ended.</summary>
    Task<bool> CancelAsync(string id, CancellationToken cancellation = default);

    /// <summary>Fails those of these kinds that run with their lease run out: whoever worked on them is gone, and nobody else can go on with them.</summary>
    /// <param name="kinds">Which.</param>
    /// <param name="evenHeld">Also where the lease has not run out: nobody else works on this catalogue.</param>
    /// <param name="code">Of the error.</param>
    /// <param name="message">Of the error.</param>
    /// <param name="hint">Of the error.</param>
    /// <param name="cancellation">Nothing was changed then.</param>
    /// <returns>Those, as they are now.</returns>
    Task<IReadOnlyList<JobRecord>> FailAbandonedAsync(
        IReadOnlyCollection<string> kinds,
        bool evenHeld,
        string code,
        string message,
        string hint,
        CancellationToken cancellation = default
    );

    /// <summary>Adds lines to the log of a job, which keeps the newest <see cref="JobLog.MostLines"/> of a job for <see cref="JobLog.Kept"/>. Nothing happens where there is no such job.</summary>
    Task LogAsync(string id, IReadOnlyList<JobLogLine> lines, CancellationToken cancellation = default);

    /// <summary>Oldest first.</summary>
    Task<IReadOnlyList<JobLogLine>> LogOfAsync(string id, CancellationToken cancellation = default);
}

/// <summary>How much is kept of what jobs tell.</summary>
public static class JobLog
{
    /// <summary>Of one job.</summary>
    public const int MostLines = 500;

    /// <summary>Characters of a line; what is longer is cut.</summary>
    public const int LongestLine = 2000;

    public static readonly TimeSpan Kept = TimeSpan.FromDays(90);
}

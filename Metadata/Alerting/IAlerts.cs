namespace Backup.Metadata.Alerting;

/// <summary>
/// What is wrong and has to be known until it is over. Whoever sees it raises it, again and again or once, and resolves it; who is told of it, how often and
/// how, is decided elsewhere, from what is stored here.
/// </summary>
public interface IAlerts
{
    /// <summary>
    /// Opens the alert, or brings the open one of that condition and subject up to date. One that was over for less than
    /// <see cref="AlertRecord.ReopenedWithin"/> is opened again, so that what comes and goes is one alert. Where somebody closed it although it was still so, it stays
    /// closed until it was over once.
    /// </summary>
    /// <returns>Whether it was opened now.</returns>
    Task<bool> RaiseAsync(AlertRaise raise, CancellationToken cancellation = default);

    /// <summary>Of a deployment, or of the appliance as a whole where the subject is no deployment.</summary>
    Task<bool> RaiseAsync(
        string condition,
        string subject,
        string code,
        string message,
        string hint,
        CancellationToken cancellation = default
    ) => RaiseAsync(new AlertRaise(condition, subject, code, message, hint), cancellation);

    /// <summary>Ends the open alert of that condition and subject; false where there is none.</summary>
    Task<bool> ResolveAsync(string condition, string subject, CancellationToken cancellation = default);

    /// <summary>Newest first, of all groups.</summary>
    /// <param name="onlyOpen">Whether those that are over are left out.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellation">Gives up.</param>
    Task<IReadOnlyList<AlertRecord>> ListAsync(
        bool onlyOpen = true,
        int limit = 200,
        CancellationToken cancellation = default
    );

    /// <summary>Those that are open, and those that somebody closed while it was still so and that were not over since; newest first, of all groups.</summary>
    Task<IReadOnlyList<AlertRecord>> WatchedAsync(CancellationToken cancellation = default);

    Task<IReadOnlyList<AlertRecord>> FindAsync(AlertQuery query, CancellationToken cancellation = default);

    Task<AlertRecord?> FindAsync(long id, CancellationToken cancellation = default);

    /// <summary>Somebody knows; a second time takes the place of the first.</summary>
    /// <exception cref="Foundation.Errors.BackupException">6009 where there is none, 6200 where it is over.</exception>
    Task<AlertRecord> AcknowledgeAsync(
        long id,
        Acknowledgement acknowledgement,
        CancellationToken cancellation = default
    );

    /// <summary>Somebody says that it is over. Where it is still so, it is not opened again before it was over once.</summary>
    /// <param name="id">Of one that is open (6200); 6009 where there is none.</param>
    /// <param name="resolution">What they say.</param>
    /// <param name="cancellation">Nothing was changed then.</param>
    Task<AlertRecord> CloseAsync(long id, string resolution, CancellationToken cancellation = default);

    /// <summary>
    /// Those that somebody may have to be told of now, oldest first: open and not told yet or told with less; open, not acknowledged, and due again; over, and told
    /// while they were open; what happened, and was not told.
    /// </summary>
    Task<IReadOnlyList<AlertRecord>> DueAsync(int limit, CancellationToken cancellation = default);

    /// <summary>
    /// Notes that these are told and queues the deliveries, in one step. False, and nothing changed, where one of them has been told since by somebody
    /// else.
    /// </summary>
    Task<bool> TellAsync(
        IReadOnlyList<Notice> notices,
        IReadOnlyList<DeliveryRecord> deliveries,
        CancellationToken cancellation = default
    );

    /// <summary>Removes those that were over before that moment; their number.</summary>
    Task<int> PruneAsync(DateTimeOffset before, CancellationToken cancellation = default);

    /// <summary>
    /// Makes the caller the one who watches, until <paramref name="time"/> from now: true for whoever does already, and where nobody else does; of several instances
    /// one looks at the conditions.
    /// </summary>
    Task<bool> TakeWatchAsync(string owner, TimeSpan time, CancellationToken cancellation = default);
}

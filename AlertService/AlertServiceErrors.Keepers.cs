using Backup.Foundation.Errors;

namespace Backup.AlertService;

/// <summary>Errors 8850 to 8859: heads and their keepers, balancers, and what is collected for an alert.</summary>
public static partial class AlertServiceErrors
{
    public const int HeadWithoutKeeper = 8850;
    public const int BalancerLeftOff = 8851;
    public const int Election = 8852;
    public const int SlowOperations = 8853;
    public const int NothingCollected = 8854;

    public static BackupException Unkept(string set, string since) =>
        new(
            HeadWithoutKeeper,
            $"No daemon has kept the head of {set} since {since}.",
            "Look after the appliance, or the daemon, that is to keep it, and at its log: it takes the head by itself within half a minute once it works, and goes on where it was."
        );

    public static BackupException BalancerOff(string cluster, string since) =>
        new(
            BalancerLeftOff,
            $"The balancer of {cluster} was stopped for a cut at {since} and is not on again.",
            "The agent that works on the cluster starts it by itself: look on its host ('systemctl status backup-agent'). Where none does, run 'sh.startBalancer()' on a router."
        );

    /// <param name="set">Of which deployment.</param>
    /// <param name="now">The primary.</param>
    /// <param name="before">The one before; empty: the same one, or nobody.</param>
    /// <param name="at">When it was noticed.</param>
    public static BackupException Elected(string set, string now, string before, string at) =>
        new(
            Election,
            before.Length > 0
                ? $"{now} is the primary of {set} since {at}; {before} was."
                : $"{now} was elected the primary of {set} at {at}.",
            "Where nobody asked for it, look at the logs of that time: backup alerts excerpt, backup hosts events, backup hosts look."
        );

    public static BackupException SlowServer(string host, string set, long count) =>
        new(
            SlowOperations,
            $"{host} of {set} logged {count} slow operations in a minute.",
            "Look at what they are: backup alerts excerpt, backup hosts look with --slow."
        );

    public static BackupException Uncollected(string deployment, TimeSpan tried) =>
        new(
            NothingCollected,
            $"The servers of {deployment} told nothing within {tried.TotalMinutes:0} minutes after the alert began.",
            "Their agent reads the source no more, or cannot be reached: look at 'backup agents list'. What the logs say now is shown by: backup hosts look."
        );
}

using Backup.Foundation.Errors;

namespace Backup.AlertService;

/// <summary>Errors 8850 to 8859: heads and their keepers, balancers, and what is collected for an alert.</summary>
public static partial class AlertServiceErrors
{
    public const int HeadWithoutKeeper = 8850;
    public const int BalancerLeftOff = 8851;

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
}

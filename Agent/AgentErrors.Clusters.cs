using Backup.Foundation.Errors;

namespace Backup.Agent;

public static partial class AgentErrors
{
    public static BackupException NoCluster(string what) =>
        new(
            ClusterUnreadable,
            $"What the cluster is made of cannot be read: {what}.",
            "Look at 'sh.status()' on the router; every shard and the config servers have to be replica sets.",
            transient: true
        );

    public static BackupException BalancerStays(string why, Exception? inner) =>
        new(
            BalancerNotStopped,
            $"The balancer cannot be brought to rest: {why}.",
            "Look at 'sh.isBalancerRunning()' and at long migrations in config.changelog; the time limit is BACKUP_BALANCER_SECONDS on the appliance.",
            transient: true,
            inner: inner
        );

    public static BackupException BalancerOff() =>
        new(
            BalancerNotStarted,
            "The balancer was started and is off all the same.",
            "It is tried again by itself; 'sh.startBalancer()' on a router does it by hand.",
            transient: true
        );

    public static BackupException SetSilent(string shard, string why, Exception? inner) =>
        new(
            TokenNotWritten,
            $"No token could be written to {shard}: {why}",
            $"Check that {shard} has a primary that this host can reach; the user needs the role backup on the shard itself too.",
            transient: true,
            inner: inner
        );
}

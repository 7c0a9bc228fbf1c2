using Backup.Foundation.Errors;

namespace Backup.Agent;

public static partial class AgentErrors
{
    public const int NobodyTakesOver = 7034;
    public const int StepDownNotTaken = 7035;
    public const int SourceNotRead = 7036;
    public const int HostUnknown = 7037;

    public static BackupException NoSuccessor(string why) =>
        new(
            NobodyTakesOver,
            $"The primary was not told to step down, since nobody can take over at once: {why}.",
            "Wait until an electable secondary is up and less than 10 s behind (backup hosts history, rs.status()); nothing was changed.",
            transient: true
        );

    public static BackupException StepDownRefused(string primary, string why, Exception inner) =>
        new(
            StepDownNotTaken,
            $"{primary} did not step down: {why}",
            "The agent's user needs the action replSetStateChange on the cluster (the role clusterManager has it); a secondary that does not catch up in time is refused too. Nothing was changed.",
            inner: inner
        );

    public static BackupException NotRead() =>
        new(
            SourceNotRead,
            "The source is not read now, or did not answer in time, so its servers cannot be asked.",
            "Look at 'backup status' and 'backup source': is the agent there, is reading paused, is the source down? Try again then.",
            transient: true
        );

    public static BackupException NoSuchHost(string host) =>
        new(
            HostUnknown,
            $"The agent knows no server {host} of this source that answers.",
            "Name it as 'backup monitoring RS' shows it, host:port."
        );
}

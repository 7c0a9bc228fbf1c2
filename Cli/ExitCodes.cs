namespace Backup.Cli;

/// <summary>What the process answers; a contract with scripts.</summary>
public static class ExitCodes
{
    public const int Ok = 0;
    public const int Failed = 1;
    public const int Usage = 2;
    public const int Partial = 3;
    public const int NotFound = 10;
    public const int Locked = 11;
    public const int NotAllowed = 12;
    public const int Interrupted = 130;

    /// <summary>The exit code that goes with an error's number.</summary>
    public static int For(int errorNumber) =>
        errorNumber switch
        {
            CliErrors.UnknownReplicaSet
            or CliErrors.UnknownSnapshot
            or CliErrors.UnknownKey
            or CliErrors.UnknownCertificate
            or CliErrors.UnknownAgent
            or CliErrors.UnknownLink
            or CliErrors.UnknownDeployment
            or CliErrors.UnknownSshTarget
            or CliErrors.UnknownSshKey
            or CliErrors.UnknownDocument
            or CliErrors.UnknownJob
            or CliErrors.NoSnapshotYet
            or CliErrors.NotRunning
            or Daemon.DaemonErrors.MomentInGap
            or Daemon.DaemonErrors.MomentTooOld
            or Daemon.DaemonErrors.MomentNotStored
            or Daemon.DaemonErrors.NothingToRestore
            or Daemon.DaemonErrors.NothingServed
            or WebUI.WebUIErrors.NotFound
            or CliErrors.UnknownPage
            or CliErrors.UnknownNumber
            or CliErrors.NoDataFolder => NotFound,
            CliErrors.DataFolderInUse or Blockstore.BlockstoreErrors.StoreInUse => Locked,
            CliErrors.DataFolderNotAllowed => NotAllowed,
            CliErrors.BadArgument or CliErrors.OutputNotEmpty or CliErrors.BadSnapshotEnd or CliErrors.BadPolicyField =>
                Usage,
            _ => Failed,
        };
}

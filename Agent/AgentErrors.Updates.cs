using Backup.Foundation.Errors;

namespace Backup.Agent;

public static partial class AgentErrors
{
    public static BackupException UpdateUntrusted(string what) =>
        new(
            UpdateNotTrusted,
            $"The update that the server offers is refused: {what}. Nothing was changed.",
            "Offer it again on the server ('backup agents offer'), and compare both hosts' clocks. If it stays so, somebody else may have signed it: do not install it by hand."
        );

    public static BackupException UpdateDamaged(string what) =>
        new(
            UpdateBroken,
            $"The update did not arrive whole: {what}. Nothing was changed.",
            "It is fetched again by itself where updates are automatic, else by 'backup-agent update'; if it stays so, offer the file again on the server.",
            transient: true
        );

    public static BackupException NoNewerUpdate(string offered, string own) =>
        new(
            UpdateNotNewer,
            $"The server offers version {offered}; this agent is {own}. An agent is never taken back to an older version.",
            "To go back all the same, put the program of that version in its place by hand."
        );

    public static BackupException OtherUpdate(string path, Exception inner) =>
        new(
            UpdateRunning,
            $"Another process installs an update of this agent now, or '{path}' cannot be written: {inner.Message}",
            "Wait for it to end; if none runs, check the owner and mode of that file.",
            transient: true,
            inner: inner
        );

    public static BackupException NoInstallation(string path) =>
        new(
            UpdateNotPossible,
            $"'{path}' is no installed agent that could be replaced.",
            "Run the program backup-agent as it is shipped."
        );

    public static BackupException OtherPlatform(string offered, string own) =>
        new(
            UpdateNotPossible,
            $"The server offers a program for {offered}; this host is {own}. Nothing was changed.",
            "Offer the build for that platform on the server: backup agents offer FILE --version V."
        );

    /// <param name="isBack">Whether the program before is in place again.</param>
    public static BackupException UpdateFailed(bool isBack) =>
        new(
            UpdateTakenBack,
            isBack
                ? "The new program did not come up to its first heartbeat; the one before is in its place again."
                : "The new program has not come up to its first heartbeat, and the one before is not there any more.",
            "The log before this line says why. It is not tried again by itself; 'backup-agent update' does so, or offer another build."
        );
}

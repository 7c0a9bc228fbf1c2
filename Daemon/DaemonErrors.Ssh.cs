using Backup.Foundation.Errors;

namespace Backup.Daemon;

/// <content>9130 to 9149: pushes over SSH.</content>
public static partial class DaemonErrors
{
    public const int SshMissing = 9130;
    public const int NoMemoryFileSystem = 9131;
    public const int SshUnreachable = 9132;
    public const int SshLoginRefused = 9133;
    public const int SshHostKeyChanged = 9134;
    public const int SshNoSftp = 9135;
    public const int SshNoRoom = 9136;
    public const int SshDiskFull = 9137;
    public const int SshNoFolder = 9138;
    public const int SshNotAllowed = 9139;
    public const int SshFailed = 9140;
    public const int SshCut = 9141;
    public const int SshDiffers = 9142;
    public const int SshAlreadyThere = 9143;
    public const int SshKeyNotMade = 9144;

    public static BackupException NoSsh(string program, Exception inner) =>
        new(
            SshMissing,
            $"The program '{program}' cannot be started: {inner.Message}",
            "Install OpenSSH's client on the appliance's host: 'apt-get install openssh-client' (Debian, Ubuntu) or 'dnf install openssh-clients' (RHEL, Fedora).",
            inner: inner
        );

    public static BackupException NoMemoryFolder() =>
        new(
            NoMemoryFileSystem,
            "There is no file system in memory that this user may write to: keys and passwords are unsealed nowhere else.",
            "Give the appliance's user the right to write to /dev/shm, or set XDG_RUNTIME_DIR to a folder on a tmpfs."
        );

    public static BackupException Unreachable(string target, string said) =>
        new(
            SshUnreachable,
            $"The SSH target {target} cannot be reached: {said}",
            "Check host and port, that sshd runs there, and firewalls between: from the appliance's host, 'ssh -v -p PORT USER@HOST' says more.",
            transient: true
        );

    public static BackupException LoginRefused(string target, bool byKey, string said) =>
        new(
            SshLoginRefused,
            $"The SSH target {target} refuses the {(byKey ? "key" : "password")}: {said}",
            byKey
                ? "Put the key's public line ('backup ssh keys show NAME') into ~/.ssh/authorized_keys of that user; the file and its folders must belong to the user and be writable by nobody else. The host's log of sshd says why it refused."
                : "Check user and password, and that sshd there allows passwords (PasswordAuthentication); remove the target and add it anew with the right password, or use a key: 'backup ssh keys create NAME'."
        );

    /// <param name="target">Where.</param>
    /// <param name="pinned">The fingerprint that is trusted.</param>
    /// <param name="found">The fingerprints that the host shows now.</param>
    public static BackupException HostKeyChanged(string target, string pinned, string found) =>
        new(
            SshHostKeyChanged,
            $"The SSH target {target} shows another host key than the pinned one: pinned is {pinned}, it shows {found}. Nothing was sent.",
            "Somebody may stand between, or the host was set up anew: ask who runs it. Where the new key is right, remove the target and add it again with --host-key and the new fingerprint."
        );

    public static BackupException NoSftp(string target, string said) =>
        new(
            SshNoSftp,
            $"The SSH target {target} lets the user in but does not speak SFTP: {said}",
            "Its sshd_config needs a line 'Subsystem sftp internal-sftp' (or the path of sftp-server), and the user's shell must print nothing at a login that is not interactive (.bashrc)."
        );

    public static BackupException NoRoom(string target, long available, long wanted) =>
        new(
            SshNoRoom,
            $"The SSH target {target} has {available} bytes free, and about {wanted} are to be sent. Nothing was sent.",
            "Free space there, or send less (--namespace). What is to be sent is an estimate: --no-space-check sends all the same."
        );

    public static BackupException FarDiskFull(string target, string path, string kept) =>
        new(
            SshDiskFull,
            $"The disk of the SSH target {target} became full while '{path}' was written. {kept}",
            "Free space there (or raise the user's quota) and start the same restore again: it goes on where it stopped."
        );

    public static BackupException NoFarFolder(string target, string path) =>
        new(
            SshNoFolder,
            $"The SSH target {target} has no folder '{path}'.",
            "Make it there, or add the target again with the right --folder; for a user in a chroot, paths begin at the chroot."
        );

    public static BackupException FarNotAllowed(string target, string what, string path) =>
        new(
            SshNotAllowed,
            $"The SSH target {target} does not allow {what} '{path}'.",
            "Give that user the right to write in the folder: it must own it, or belong to a group that may write. The top of a chroot belongs to root: use a folder below it."
        );

    public static BackupException FarFailed(string target, string what, string path, string said) =>
        new(
            SshFailed,
            $"The SSH target {target} failed at {what} '{path}': {said}",
            "Look at that host: disk, quota, file system, and the log of sshd or sftp-server."
        );

    public static BackupException FarCut(string target, string said, string kept, Exception? inner = null) =>
        new(
            SshCut,
            $"The connection to the SSH target {target} was cut, and did not come back: {said} {kept}",
            "Check the network and the host, and start the same restore again: it goes on where it stopped.",
            transient: true,
            inner: inner
        );

    public static BackupException FarDiffers(string target, string path, string sent, string found) =>
        new(
            SshDiffers,
            $"What the SSH target {target} has as '{path}' is not what was sent: sha256 {found} there, {sent} here.",
            "It was removed there, nothing was given its final name. Somebody else may write to it, or disk or memory of the far side are bad: start again."
        );

    public static BackupException FarAlreadyThere(string target, string path) =>
        new(
            SshAlreadyThere,
            $"The SSH target {target} already has '{path}', with other content. Nothing was overwritten.",
            "Move it away there, or push into a subfolder: --push NAME/SUBFOLDER."
        );

    public static BackupException KeyNotMade(string said) =>
        new(
            SshKeyNotMade,
            $"ssh-keygen made no key: {said}",
            "Run 'ssh-keygen -t ed25519' on the appliance's host: it says more."
        );
}

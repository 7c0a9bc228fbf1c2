using Backup.Foundation.Errors;

namespace Backup.Cli;

/// <content>9550 to 9559: pushes over SSH.</content>
public static partial class CliErrors
{
    public const int UnknownSshTarget = 9550;
    public const int UnknownSshKey = 9551;
    public const int SshNameInUse = 9552;
    public const int SshKeyInUse = 9553;
    public const int HostKeyNotConfirmed = 9554;
    public const int HostKeyOther = 9555;
    public const int SshLoginMissing = 9556;
    public const int WholeClusterPush = 9557;

    public static BackupException NoSuchSshTarget(string name) =>
        new(
            UnknownSshTarget,
            $"There is no SSH target '{name}'.",
            "'backup ssh targets list' shows those that are there; 'backup ssh targets add' adds one."
        );

    public static BackupException NoSuchSshKey(string name) =>
        new(
            UnknownSshKey,
            $"There is no SSH key '{name}'.",
            "'backup ssh keys list' shows those that are there; 'backup ssh keys create' makes one."
        );

    public static BackupException SshNameTaken(string what, string name) =>
        new(SshNameInUse, $"There is an SSH {what} '{name}' already.", "Remove it first, or choose another name.");

    public static BackupException SshKeyUsed(string name, IEnumerable<string> targets) =>
        new(
            SshKeyInUse,
            $"The SSH key '{name}' opens {string.Join(", ", targets)}.",
            "Remove those targets first: backup ssh targets remove NAME."
        );

    public static BackupException HostKeyUnconfirmed(string address, string shown) =>
        new(
            HostKeyNotConfirmed,
            $"{address} shows the host key {shown}; nobody said that it is the right one, and nothing was added.",
            "Ask who runs the host for its fingerprint, and give it with --host-key SHA256:…"
        );

    public static BackupException OtherHostKey(string address, string wanted, string shown) =>
        new(
            HostKeyOther,
            $"{address} shows the host key {shown}, not {wanted}. Nothing was added.",
            "Check the fingerprint at the host: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub. Where it is not among those shown, somebody stands between."
        );

    public static BackupException NoSshLogin(string variable) =>
        new(
            SshLoginMissing,
            "Nothing is given that opens the host.",
            $"Give --key NAME (backup ssh keys create NAME makes one), --password-file PATH, or the variable {variable}."
        );

    public static BackupException ClusterPush(string name) =>
        new(
            WholeClusterPush,
            $"'{name}' is a sharded cluster: it is pushed as one, or one set at a time.",
            "Add --merged for the whole cluster as one, or push one set: backup restore CLUSTER/SHARD …"
        );
}

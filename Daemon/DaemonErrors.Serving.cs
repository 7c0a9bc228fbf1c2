using Backup.Foundation.Errors;

namespace Backup.Daemon;

public static partial class DaemonErrors
{
    public const int NothingServed = 9100;
    public const int TooManyServed = 9101;
    public const int ServedInsecurely = 9102;
    public const int WeakServePassword = 9103;

    public static BackupException NotServed(string id) =>
        new(NothingServed, $"Nothing is served under '{id}'.", "backup serve --list shows what is served.");

    public static BackupException ServedTooMuch(int most) =>
        new(
            TooManyServed,
            $"{most} moments are served already, which is the most.",
            "Stop one: backup serve --list, backup serve --stop ID."
        );

    public static BackupException PlainBeyondLoopback(string address) =>
        new(
            ServedInsecurely,
            $"A backup is not served on {address} without TLS.",
            "Leave out --no-tls, or serve on 127.0.0.1."
        );

    public static BackupException WeakPassword(int least) =>
        new(
            WeakServePassword,
            $"The password is shorter than {least} characters.",
            "Choose a longer one, or leave it out: a random one is made and shown once."
        );
}

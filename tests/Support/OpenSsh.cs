namespace Backup.Tests.Support;

/// <summary>Where OpenSSH's server side is: Debian's packages openssh-server and openssh-sftp-server.</summary>
public static class OpenSsh
{
    public const string Daemon = "/usr/sbin/sshd";

    public const string SftpServer = "/usr/lib/openssh/sftp-server";

    internal static string? Missing(params ReadOnlySpan<string> programs)
    {
        foreach (var program in programs)
        {
            if (!File.Exists(program))
            {
                return $"SKIPPED: needs {program} ('apt-get install openssh-server', which ./test does as root)";
            }
        }

        return null;
    }
}

/// <summary>Needs OpenSSH's own server of SFTP.</summary>
public sealed class SftpServerFactAttribute() : ConditionalFactAttribute(OpenSsh.Missing(OpenSsh.SftpServer));

/// <summary>Needs a real sshd with its SFTP server, and the client programs.</summary>
public sealed class SshdFactAttribute()
    : ConditionalFactAttribute(
        OpenSsh.Missing(OpenSsh.Daemon, OpenSsh.SftpServer, "/usr/bin/ssh", "/usr/bin/ssh-keygen")
    );

/// <summary>As <see cref="SshdFactAttribute"/>, and root: for users of the test's own, passwords, chroots and small disks.</summary>
public sealed class RootSshdFactAttribute()
    : ConditionalFactAttribute(
        OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess
            ? OpenSsh.Missing(OpenSsh.Daemon, OpenSsh.SftpServer, "/usr/bin/ssh", "/usr/sbin/useradd")
            : "SKIPPED: needs root on Linux, to make users with passwords and chroots for sshd"
    );

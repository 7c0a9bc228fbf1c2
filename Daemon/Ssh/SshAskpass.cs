using Backup.Foundation.Files;

namespace Backup.Daemon.Ssh;

/// <summary>
/// ssh takes a password from a terminal or from a program that it starts. This is that program: it prints a file that lies in memory and whose
/// name it is given. It holds no secret.
/// </summary>
internal static class SshAskpass
{
    internal const string Variable = "BACKUP_SSH_ASKPASS_FILE";

    private static ReadOnlySpan<byte> Script => "#!/bin/sh\nexec cat -- \"$BACKUP_SSH_ASKPASS_FILE\"\n"u8;

    /// <summary>Makes it in that folder, or leaves it as it is. Memory may be mounted without the right to run programs; a data folder is not.</summary>
    internal static string Ensure(string folder)
    {
        DurableFile.CreateFolder(folder);
        var path = Path.Combine(folder, "askpass");
        if (!File.Exists(path) || !File.ReadAllBytes(path).AsSpan().SequenceEqual(Script))
        {
            using var file = DurableFile.Create(
                path,
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            );
            file.Append(Script);
            file.Publish();
        }

        return path;
    }
}

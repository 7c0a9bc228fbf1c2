using System.Buffers;
using System.Security.Cryptography;
using Backup.Foundation.Files;

namespace Backup.Agent.Updates;

/// <summary>
/// The files of an installed agent: the program, the one that is to take its place (<c>.update</c>) and the one before (<c>.previous</c>). Under the
/// program's name there is a whole program at every moment.
/// </summary>
/// <param name="program">The program's path.</param>
internal sealed class Installation(string program)
{
    private const int Block = 64 * 1024;

    private const UnixFileMode Executable =
        UnixFileMode.UserRead
        | UnixFileMode.UserWrite
        | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead
        | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead
        | UnixFileMode.OtherExecute;

    public string Program => program;

    public string Next => program + ".update";

    public string Previous => program + ".previous";

    /// <summary>Whether this process runs from one: not by the runtime's own command, for example.</summary>
    public static bool IsThisProcess =>
        Path.GetFileName(Environment.ProcessPath ?? "") is "backup-agent" or "backup-agent.previous";

    /// <summary>The installation that this process runs from.</summary>
    /// <exception cref="Foundation.Errors.BackupException">7027 where it is none.</exception>
    public static Installation OfThisProcess() =>
        IsThisProcess
            ? new Installation(WithoutSuffix(Environment.ProcessPath!))
            : throw AgentErrors.NoInstallation(Environment.ProcessPath ?? "");

    /// <summary>SHA-256 of the program, lower-case hex.</summary>
    public string Hash()
    {
        using var file = OpenRead(program);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    /// <summary>Begins the file that is to take the program's place; it is there once it is published.</summary>
    public PendingFile BeginNext()
    {
        _ = DurableFile.RemoveLeftovers(Path.GetDirectoryName(program)!, Path.GetFileName(program));
        return DurableFile.Create(Next, Executable);
    }

    /// <summary>Keeps a copy of the program as the one before.</summary>
    public void KeepPrevious()
    {
        using var from = OpenRead(program);
        using var to = DurableFile.Create(Previous, Executable);
        var buffer = ArrayPool<byte>.Shared.Rent(Block);
        try
        {
            for (int read; (read = from.Read(buffer)) > 0; )
            {
                to.Append(buffer.AsSpan(0, read));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        to.Publish();
    }

    /// <summary>The next one takes the program's place, in one step. What runs goes on with the file that it was started from.</summary>
    public void Swap() => DurableFile.Rename(Next, program);

    /// <summary>The one before takes the program's place again. False where there is none.</summary>
    public bool TakeBack()
    {
        if (!File.Exists(Previous))
        {
            return false;
        }

        DurableFile.Rename(Previous, program);
        return true;
    }

    private static string WithoutSuffix(string path) =>
        path.EndsWith(".previous", StringComparison.Ordinal) ? path[..^".previous".Length] : path;

    private static FileStream OpenRead(string path) =>
        new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, Block);
}

using Backup.Daemon.Ssh;

namespace Backup.Daemon.Pushes;

/// <summary>Folders of a far side.</summary>
internal static class FarFolders
{
    /// <summary>The target's folder, which must be there, with a subfolder below it, which is made where it is missing.</summary>
    /// <exception cref="Foundation.Errors.BackupException">9138 where the target's folder is missing or is none; 9139, 9140.</exception>
    internal static async Task<string> PrepareAsync(FarSide far, string subfolder, CancellationToken cancellation)
    {
        var folder = far.Target.Folder;
        await far.TryAsync(
            "opening the folder",
            folder,
            files => RequireAsync(far, files, folder, cancellation),
            cancellation
        );
        foreach (var name in subfolder.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            folder = FarPath.Join(folder, name);
            await MakeAsync(far, folder, cancellation);
        }

        return folder;
    }

    /// <summary>Makes a folder where it is missing.</summary>
    internal static Task MakeAsync(FarSide far, string folder, CancellationToken cancellation) =>
        far.TryAsync(
            "making the folder",
            folder,
            async files =>
            {
                if (await files.StatAsync(folder, cancellation) is null)
                {
                    await files.MakeFolderAsync(folder, cancellation);
                }
            },
            cancellation
        );

    private static async Task RequireAsync(FarSide far, SftpClient files, string folder, CancellationToken cancellation)
    {
        if (await files.StatAsync(folder, cancellation) is not { IsFolder: true })
        {
            throw DaemonErrors.NoFarFolder(far.Target.ToString(), folder);
        }
    }
}

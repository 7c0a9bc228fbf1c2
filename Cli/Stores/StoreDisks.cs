namespace Backup.Cli.Stores;

/// <summary>Disks of this host that an appliance fills.</summary>
internal static class StoreDisks
{
    /// <summary>The data folder, and the folders of stores that are on other disks than those before them.</summary>
    /// <param name="root">The data folder.</param>
    /// <param name="places">The stores.</param>
    internal static IReadOnlyList<string> FoldersOf(string root, IReadOnlyList<StorePlace> places)
    {
        var mounts = Mounts();
        return
        [
            .. places
                .Select(static one => one.BaseFolder)
                .OfType<string>()
                .Where(Directory.Exists)
                .Prepend(root)
                .DistinctBy(folder => MountOf(folder, mounts)),
        ];
    }

    private static List<string> Mounts() => [.. DriveInfo.GetDrives().Select(static one => one.Name)];

    private static string MountOf(string folder, List<string> mounts)
    {
        var path = WithSlash(Path.GetFullPath(folder));
        return mounts
                .Where(one => path.StartsWith(WithSlash(one), StringComparison.Ordinal))
                .MaxBy(static one => one.Length)
            ?? "/";
    }

    private static string WithSlash(string path) => path.EndsWith('/') ? path : path + "/";
}

using Backup.Foundation.Files;
using Backup.Snapshots.Reading;

namespace Backup.Daemon.PointInTime;

/// <summary>Folders for what restores need for a while, one each; what a killed process left is removed at the next start.</summary>
internal static class RestoreFolder
{
    internal static string Root(DaemonOptions options) => Path.Combine(options.SpillFolder, "restores");

    /// <summary>Of what is sorted, by restores of every kind.</summary>
    internal static SortSpace Sorting(DaemonOptions options) => new(Path.Combine(Root(options), "sorting"));

    internal static string Make(DaemonOptions options)
    {
        var folder = Path.Combine(Root(options), Guid.NewGuid().ToString("N"));
        DurableFile.CreateFolder(folder);
        return folder;
    }

    /// <summary>Nothing happens where it is gone.</summary>
    internal static void Remove(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>To be called while no restore runs.</summary>
    internal static void RemoveLeftovers(DaemonOptions options) => Remove(Root(options));
}

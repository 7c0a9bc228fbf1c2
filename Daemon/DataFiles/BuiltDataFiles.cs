using System.Formats.Tar;
using Backup.Foundation.Streams;

namespace Backup.Daemon.DataFiles;

/// <summary>Data files that are whole; what is not published is removed when this is disposed.</summary>
public sealed class BuiltDataFiles : IDisposable
{
    private const UnixFileMode FileMode600 = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode FolderMode700 = FileMode600 | UnixFileMode.UserExecute;

    private readonly BuildPlace _place;
    private readonly DateTimeOffset _at;

    internal BuiltDataFiles(BuildPlace place, DateTimeOffset at, DataFilesResult result)
    {
        (_place, _at, Result) = (place, at, result);
    }

    /// <summary>What they are.</summary>
    public DataFilesResult Result { get; }

    /// <summary>Gives the folder its name.</summary>
    /// <exception cref="Foundation.Errors.BackupException">9169.</exception>
    public void Publish(string folder) => _place.Publish(folder);

    /// <summary>Streams them as a tar (PAX), names in ordinal order, open to their owner alone.</summary>
    /// <param name="output">Where to; flushed, not closed.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Bytes of the tar.</returns>
    public async Task<long> WriteTarAsync(Stream output, CancellationToken cancellation = default)
    {
        await using var counting = new CountingStream(output);
        await using (var tar = new TarWriter(counting, TarEntryFormat.Pax, leaveOpen: true))
        {
            var names = Directory
                .EnumerateFileSystemEntries(_place.Root, "*", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(_place.Root, path))
                .Order(StringComparer.Ordinal);
            foreach (var name in names)
            {
                await AddAsync(tar, name, cancellation);
            }
        }

        await output.FlushAsync(cancellation);
        return counting.Length;
    }

    public void Dispose() => _place.Dispose();

    private async Task AddAsync(TarWriter tar, string name, CancellationToken cancellation)
    {
        var path = Path.Combine(_place.Root, name);
        var isFolder = Directory.Exists(path);
        var entry = new PaxTarEntry(isFolder ? TarEntryType.Directory : TarEntryType.RegularFile, name)
        {
            Mode = isFolder ? FolderMode700 : FileMode600,
            ModificationTime = _at,
        };
        if (isFolder)
        {
            await tar.WriteEntryAsync(entry, cancellation);
            return;
        }

        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        entry.DataStream = file;
        await tar.WriteEntryAsync(entry, cancellation);
    }
}

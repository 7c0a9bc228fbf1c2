using System.Security.Cryptography;
using System.Text;

namespace Backup.Snapshots.Exports;

/// <summary>An export as files in a folder.</summary>
internal sealed class FolderFiles(string folder) : IExportFiles
{
    private readonly SortedDictionary<string, string> _hashes = new(StringComparer.Ordinal);

    internal long Bytes { get; private set; }

    public async Task AddAsync(string path, Func<Stream, bool, Task> write, CancellationToken cancellation)
    {
        var full = Path.Combine(folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        await using var file = new FileStream(full, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
        await using var hashing = new HashingStream(file);
        await write(hashing, true);
        file.Flush(flushToDisk: true);
        _hashes[path] = hashing.HashToHex();
        Bytes += hashing.Length;
    }

    /// <summary>Over lines <c>hash  path</c> in order of the paths: what <c>sha256sum</c> prints of the files.</summary>
    internal string HashToHex()
    {
        var lines = string.Concat(_hashes.Select(one => $"{one.Value}  {one.Key}\n"));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(lines)));
    }
}

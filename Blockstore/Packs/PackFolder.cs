using System.Globalization;
using Backup.Foundation.Files;

namespace Backup.Blockstore.Packs;

/// <summary>The store's folder: <c>lock</c>, <c>packs/NNNNNNNN.pack</c>, <c>index/</c>. Holds the lock while it is open.</summary>
internal sealed class PackFolder : IDisposable
{
    private const string Suffix = ".pack";
    private readonly FileStream _lock;

    /// <exception cref="Foundation.Errors.BackupException">5004 where another process holds it, 5010 where it cannot be used.</exception>
    internal PackFolder(string path)
    {
        Path = System.IO.Path.GetFullPath(path);
        Packs = System.IO.Path.Combine(Path, "packs");
        Index = System.IO.Path.Combine(Path, "index");
        Damaged = System.IO.Path.Combine(Path, "damaged");
        try
        {
            DurableFile.CreateFolder(Path);
            _lock = Lock();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw BlockstoreErrors.Unusable(Path, failure);
        }

        try
        {
            DurableFile.CreateFolder(Packs);
            DurableFile.CreateFolder(Index);
            DurableFile.RemoveLeftovers(Path);
            DurableFile.RemoveLeftovers(Packs);
            DurableFile.RemoveLeftovers(Index);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _lock.Dispose();
            throw BlockstoreErrors.Unusable(Path, failure);
        }
        catch
        {
            _lock.Dispose();
            throw;
        }
    }

    internal string Path { get; }

    internal string Packs { get; }

    internal string Index { get; }

    /// <summary>The list of damaged blocks.</summary>
    internal string Damaged { get; }

    internal string PathOf(int pack) =>
        System.IO.Path.Combine(Packs, pack.ToString("x8", CultureInfo.InvariantCulture) + Suffix);

    /// <summary>Number and length of every published pack, in order.</summary>
    internal SortedDictionary<int, long> ListPacks()
    {
        var packs = new SortedDictionary<int, long>();
        foreach (var file in new DirectoryInfo(Packs).EnumerateFiles("*" + Suffix))
        {
            var name = file.Name.AsSpan(..^Suffix.Length);
            if (int.TryParse(name, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number))
            {
                packs[number] = file.Length;
            }
        }

        return packs;
    }

    internal void ClearIndex()
    {
        Directory.Delete(Index, recursive: true);
        DurableFile.CreateFolder(Index);
    }

    public void Dispose() => _lock.Dispose();

    // FileShare.None is an advisory lock (flock) of the kernel: it goes with the process, however that ends.
    private FileStream Lock()
    {
        var path = System.IO.Path.Combine(Path, "lock");
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException failure) when (File.Exists(path))
        {
            throw BlockstoreErrors.InUse(Path, failure);
        }
    }
}

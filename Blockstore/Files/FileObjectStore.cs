using System.Buffers;
using System.Runtime.CompilerServices;
using Backup.Foundation.Files;

namespace Backup.Blockstore.Files;

/// <summary>
/// Objects as files below a folder, one file each, written through <see cref="DurableFile"/>; the parts of a name are
/// folders. One process at a time writes to the folder.
/// </summary>
public sealed class FileObjectStore : IObjectStore
{
    private readonly string _folder;

    /// <summary>Opens the store, makes its folder where it is missing, removes what a killed process left half written.</summary>
    /// <exception cref="Foundation.Errors.BackupException">5010 where the folder cannot be used.</exception>
    public FileObjectStore(string folder)
    {
        _folder = Path.GetFullPath(folder);
        try
        {
            DurableFile.CreateFolder(_folder);
            DurableFile.RemoveLeftovers(_folder);
            foreach (var below in Directory.EnumerateDirectories(_folder, "*", SearchOption.AllDirectories))
            {
                DurableFile.RemoveLeftovers(below);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw BlockstoreErrors.Unusable(_folder, failure);
        }
    }

    public async Task PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation = default)
    {
        var path = PathOf(name);
        cancellation.ThrowIfCancellationRequested();
        // An fsync blocks: it must not hold a request's thread up while it does.
        await Task.Run(
            () =>
            {
                DurableFile.CreateFolder(Path.GetDirectoryName(path)!);
                DurableFile.Write(path, content);
            },
            CancellationToken.None
        );
    }

    public async Task<IMemoryOwner<byte>> GetAsync(string name, CancellationToken cancellation = default)
    {
        var path = PathOf(name);
        try
        {
            using var handle = File.OpenHandle(
                path,
                FileMode.Open,
                FileAccess.Read,
                FileShare.ReadWrite | FileShare.Delete,
                FileOptions.Asynchronous
            );
            var content = new PooledBytes(checked((int)RandomAccess.GetLength(handle)));
            try
            {
                await FillAsync(handle, content.Memory, cancellation);
                return content;
            }
            catch
            {
                content.Dispose();
                throw;
            }
        }
        catch (Exception failure) when (failure is FileNotFoundException or DirectoryNotFoundException)
        {
            throw BlockstoreErrors.NoObject(name);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw BlockstoreErrors.Unreadable(name, failure);
        }
    }

    public Task DeleteAsync(string name, CancellationToken cancellation = default)
    {
        var path = PathOf(name);
        if (File.Exists(path))
        {
            DurableFile.Delete(path);
        }

        return Task.CompletedTask;
    }

    public Task DeletePrefixAsync(string prefix, CancellationToken cancellation = default)
    {
        ObjectNames.RequirePrefix(prefix);
        var path = Path.Combine(_folder, prefix[..^1]);
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
            DurableFile.SyncFolder(Path.GetDirectoryName(path)!);
        }

        return Task.CompletedTask;
    }

    public async IAsyncEnumerable<string> ListAsync(
        string prefix,
        [EnumeratorCancellation] CancellationToken cancellation = default
    )
    {
        if (prefix.Length > 0)
        {
            ObjectNames.RequirePrefix(prefix);
        }

        await Task.CompletedTask;
        var start = Path.Combine(_folder, prefix);
        if (!Directory.Exists(start))
        {
            yield break;
        }

        foreach (var path in Directory.EnumerateFiles(start, "*", SearchOption.AllDirectories))
        {
            cancellation.ThrowIfCancellationRequested();
            if (!path.EndsWith(DurableFile.TemporarySuffix, StringComparison.Ordinal))
            {
                yield return Path.GetRelativePath(_folder, path).Replace('\\', '/');
            }
        }
    }

    private static async Task FillAsync(
        Microsoft.Win32.SafeHandles.SafeFileHandle handle,
        Memory<byte> into,
        CancellationToken cancellation
    )
    {
        long offset = 0;
        while (into.Length > 0)
        {
            var read = await RandomAccess.ReadAsync(handle, into, offset, cancellation);
            if (read == 0)
            {
                throw new EndOfStreamException($"the file ends at {offset}");
            }

            offset += read;
            into = into[read..];
        }
    }

    private string PathOf(string name)
    {
        ObjectNames.Require(name);
        return Path.Combine(_folder, name);
    }
}

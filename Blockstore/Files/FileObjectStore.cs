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

    // Folders whose names this process has made durable. That a folder is there does not say so: whoever made it, a put
    // beside this one or a process that was killed, may not have come to its fsync.
    private readonly HashSet<string> _durable = new(StringComparer.Ordinal);
    private readonly Lock _making = new();

    /// <summary>Opens the store, makes its folder where it is missing, removes what a killed process left half written.</summary>
    /// <exception cref="Foundation.Errors.BackupException">5010 where the folder cannot be used.</exception>
    public FileObjectStore(string folder)
    {
        _folder = Path.GetFullPath(folder);
        try
        {
            DurableFile.CreateFolder(_folder);
            _durable.Add(_folder);
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
                try
                {
                    MakeDurable(Path.GetDirectoryName(path)!);
                }
                catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
                {
                    throw BlockstoreErrors.Unwritable(name, failure);
                }

                if (Directory.Exists(path))
                {
                    throw BlockstoreErrors.NameTaken(name);
                }

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

    /// <summary>Whether there is such an object; nothing of it is read.</summary>
    public bool Contains(string name) => File.Exists(PathOf(name));

    public Task DeleteAsync(string name, CancellationToken cancellation = default)
    {
        var path = PathOf(name);
        return RemoveAsync(
            name,
            () =>
            {
                if (File.Exists(path))
                {
                    DurableFile.Delete(path);
                }
            }
        );
    }

    public Task DeletePrefixAsync(string prefix, CancellationToken cancellation = default)
    {
        ObjectNames.RequirePrefix(prefix);
        var path = Path.Combine(_folder, prefix[..^1]);
        return RemoveAsync(
            prefix,
            () =>
            {
                lock (_making)
                {
                    _durable.RemoveWhere(folder =>
                        folder == path || folder.StartsWith(path + '/', StringComparison.Ordinal)
                    );
                    if (Directory.Exists(path))
                    {
                        Directory.Delete(path, recursive: true);
                        DurableFile.SyncFolder(Path.GetDirectoryName(path)!);
                    }
                }
            }
        );
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

    /// <summary>Makes the folder and those above it, as far as this store's, and that they exist durable.</summary>
    private void MakeDurable(string folder)
    {
        lock (_making)
        {
            if (_durable.Contains(folder))
            {
                return;
            }

            var parent = Path.GetDirectoryName(folder)!;
            MakeDurable(parent);
            if (File.Exists(folder))
            {
                throw BlockstoreErrors.NameTaken(Path.GetRelativePath(_folder, folder));
            }

            Directory.CreateDirectory(folder);
            DurableFile.SyncFolder(parent);
            _durable.Add(folder);
        }
    }

    private static async Task RemoveAsync(string name, Action remove)
    {
        try
        {
            await Task.Run(remove);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw BlockstoreErrors.Unwritable(name, failure);
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

using System.Runtime.InteropServices;
using Backup.Foundation.Errors;
using Microsoft.Win32.SafeHandles;

namespace Backup.Foundation.Files;

/// <summary>
/// The one durable write of the product. A file is either there whole, and stays after a power cut, or it is not
/// there: temporary name, write, length check, fsync, rename, fsync of the folder.
/// </summary>
/// <remarks>
/// Failure policy: at any failed write or fsync the temporary file is removed, nothing is published, and a numbered
/// error is thrown (1003 disk full, 1004 otherwise). Whoever opens a folder removes what <see cref="RemoveLeftovers"/>
/// finds there: temporary files of a process that was killed.
/// </remarks>
public static partial class DurableFile
{
    /// <summary>Every temporary name ends so; nothing else in the product may.</summary>
    public const string TemporarySuffix = ".tmp~";

    /// <summary>Writes <paramref name="parts"/> one after another as the file <paramref name="path"/>, replacing it whole.</summary>
    public static void Write(string path, params ReadOnlySpan<ReadOnlyMemory<byte>> parts)
    {
        using var file = Create(path);
        foreach (var part in parts)
        {
            file.Append(part.Span);
        }

        file.Publish();
    }

    /// <summary>As <see cref="Write"/>, but nobody except the owner can read the file, from its first byte on (mode 0600).</summary>
    public static void WriteSecret(string path, ReadOnlySpan<byte> content)
    {
        using var file = new PendingFile(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        file.Append(content);
        file.Publish();
    }

    /// <summary>Starts a file that becomes visible only at <see cref="PendingFile.Publish"/>.</summary>
    public static PendingFile Create(string path) => new(path);

    /// <summary>As <see cref="Create(string)"/>, with that mode (less what the umask takes) from the first byte on.</summary>
    public static PendingFile Create(string path, UnixFileMode mode) => new(path, mode);

    /// <summary>Gives a durable file another name in the same folder, in one step and durably; one that had that name is gone.</summary>
    public static void Rename(string from, string to)
    {
        try
        {
#pragma warning disable RS0030 // This and Publish are the places that rename.
            File.Move(from, to, overwrite: true);
#pragma warning restore RS0030
        }
        catch (IOException failure)
        {
            throw Translate(to, failure);
        }
        catch (UnauthorizedAccessException failure)
        {
            throw FoundationErrors.CannotWrite(to, failure);
        }

        SyncFolder(Path.GetDirectoryName(Path.GetFullPath(to))!);
    }

    /// <summary>Makes the folder, and that it exists, durable.</summary>
    public static void CreateFolder(string path)
    {
        if (Directory.Exists(path))
        {
            return;
        }

        var parent = Path.GetDirectoryName(Path.GetFullPath(path));
        if (parent is not null)
        {
            CreateFolder(parent);
        }

        Directory.CreateDirectory(path);
        if (parent is not null)
        {
            SyncFolder(parent);
        }
    }

    /// <summary>Deletes the file if it is there, durably.</summary>
    public static void Delete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw FoundationErrors.CannotWrite(path, failure);
        }

        SyncFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>Deletes those of the files that are there, all in one folder, durably when this is back; killed before, some are gone and some are not.</summary>
    public static void DeleteAll(string folder, IReadOnlyCollection<string> names)
    {
        foreach (var name in names)
        {
            var path = Path.Combine(folder, name);
            try
            {
                File.Delete(path);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                throw FoundationErrors.CannotWrite(path, failure);
            }
        }

        if (names.Count > 0)
        {
            SyncFolder(folder);
        }
    }

    /// <summary>Removes the temporary files a killed process left in this folder (not below it).</summary>
    /// <param name="folder">Where.</param>
    /// <param name="ofFile">Only those of files whose names begin so: in a folder that others use too.</param>
    public static int RemoveLeftovers(string folder, string ofFile = "")
    {
        var removed = 0;
        foreach (var path in Directory.EnumerateFiles(folder, ofFile + "*" + TemporarySuffix))
        {
            File.Delete(path);
            removed++;
        }

        return removed;
    }

    /// <summary>fsync of a folder: makes names created, renamed or deleted in it durable. A no-op where the platform has none.</summary>
    public static void SyncFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var descriptor = Open(folder, 0);
        if (descriptor < 0)
        {
            throw FoundationErrors.CannotWrite(folder, new IOException($"open: errno {Marshal.GetLastPInvokeError()}"));
        }

        try
        {
            if (Fsync(descriptor) != 0)
            {
                throw FoundationErrors.CannotWrite(
                    folder,
                    new IOException($"fsync: errno {Marshal.GetLastPInvokeError()}")
                );
            }
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    /// <summary>Turns an I/O failure of a write into its numbered error.</summary>
    internal static BackupException Translate(string path, IOException failure)
    {
        const int noSpaceHResult = unchecked((int)0x80070070);
        const int noSpaceErrno = 28;
        const int quotaErrno = 122;
        return failure.HResult is noSpaceHResult or noSpaceErrno or quotaErrno
            ? FoundationErrors.NoSpace(path, failure)
            : FoundationErrors.CannotWrite(path, failure);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}

/// <summary>A file being written under a temporary name; not thread-safe. Disposed unpublished, it leaves nothing.</summary>
public sealed class PendingFile : IDisposable
{
    private readonly string _path;
    private readonly string _temporary;
    private readonly FileStream _stream;
    private readonly SafeFileHandle _handle;
    private bool _published;

    /// <param name="mode">The file's mode from its creation on; null for what the umask gives.</param>
    internal PendingFile(string path, UnixFileMode? mode = null)
    {
        _path = System.IO.Path.GetFullPath(path);
        _temporary = $"{_path}.{Guid.NewGuid():N}{DurableFile.TemporarySuffix}";
        try
        {
            var options = new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.ReadWrite,
                Share = FileShare.None,
                BufferSize = 0,
            };
            if (mode is not null && !OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = mode;
            }

            _stream = new FileStream(_temporary, options);
            _handle = _stream.SafeFileHandle;
        }
        catch (IOException failure)
        {
            throw DurableFile.Translate(_path, failure);
        }
        catch (UnauthorizedAccessException failure)
        {
            throw FoundationErrors.CannotWrite(_path, failure);
        }
    }

    /// <summary>Bytes appended so far.</summary>
    public long Length { get; private set; }

    /// <summary>The name that it will have.</summary>
    public string Path => _path;

    /// <summary>For another process to write into; see <see cref="WrittenElsewhere"/>.</summary>
    public SafeFileHandle Handle => _handle;

    /// <summary>Whoever got the handle has written that much: <see cref="Publish"/> compares it with what is there.</summary>
    /// <param name="length">Bytes.</param>
    public void WrittenElsewhere(long length) => Length = length;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        try
        {
            RandomAccess.Write(_handle, bytes, Length);
            Length += bytes.Length;
        }
        catch (IOException failure)
        {
            throw DurableFile.Translate(_path, failure);
        }
    }

    /// <summary>Reads back what was appended: to check a pack before it is committed.</summary>
    /// <exception cref="IOException">Fewer bytes are there than asked for.</exception>
    public void Read(long offset, Span<byte> into)
    {
        while (into.Length > 0)
        {
            var read = RandomAccess.Read(_handle, into, offset);
            if (read == 0)
            {
                throw new IOException($"'{_temporary}' ends at {offset}.");
            }

            offset += read;
            into = into[read..];
        }
    }

    /// <summary>From here on the file is there under its name and survives a power cut.</summary>
    public void Publish()
    {
        try
        {
            var written = RandomAccess.GetLength(_handle);
            if (written != Length)
            {
                throw new IOException($"{written} bytes are there, {Length} were written");
            }

            RandomAccess.FlushToDisk(_handle);
            _stream.Dispose();
#pragma warning disable RS0030 // This and DurableFile.Rename are the places that rename.
            File.Move(_temporary, _path, overwrite: true);
#pragma warning restore RS0030
            _published = true;
            DurableFile.SyncFolder(System.IO.Path.GetDirectoryName(_path)!);
        }
        catch (IOException failure)
        {
            throw DurableFile.Translate(_path, failure);
        }
        catch (UnauthorizedAccessException failure)
        {
            throw FoundationErrors.CannotWrite(_path, failure);
        }
    }

    public void Dispose()
    {
        _stream.Dispose();
        if (!_published)
        {
            File.Delete(_temporary);
        }
    }
}

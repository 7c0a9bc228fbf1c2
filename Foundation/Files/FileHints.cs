using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Backup.Foundation.Files;

/// <summary>
/// Tells the kernel what comes next, so that the disk reads and writes while the processor does something else. Nothing depends on it: what has to be durable is
/// synced all the same, and where the platform knows no such hint nothing happens.
/// </summary>
public static partial class FileHints
{
    // Source: /usr/include/linux/fs.h, /usr/include/fcntl.h.
    private const uint StartWriteOut = 2;
    private const int WillNeed = 3;

    /// <summary>These bytes were written and do not change any more: writing them to the disk may begin. It does not wait for that.</summary>
    public static void Written(SafeFileHandle file, long offset, long length) =>
        Hint(file, descriptor => SyncFileRange(descriptor, offset, length, StartWriteOut));

    /// <summary>These bytes will be read soon. It does not wait for them.</summary>
    public static void WillBeRead(SafeFileHandle file, long offset, long length) =>
        Hint(file, descriptor => Advise(descriptor, offset, length, WillNeed));

    private static void Hint(SafeFileHandle file, Func<int, int> call)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        var isHeld = false;
        try
        {
            file.DangerousAddRef(ref isHeld);
            _ = call((int)file.DangerousGetHandle());
        }
        catch (EntryPointNotFoundException)
        {
            // Another C library, which has no such call.
        }
        finally
        {
            if (isHeld)
            {
                file.DangerousRelease();
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "sync_file_range")]
    private static partial int SyncFileRange(int descriptor, long offset, long length, uint flags);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(int descriptor, long offset, long length, int advice);
}

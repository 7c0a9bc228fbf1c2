using System.Runtime.InteropServices;

namespace Backup.Foundation.Memory;

/// <summary>How the C library keeps memory that was given back to it.</summary>
public static partial class NativeHeap
{
    private const int MmapThreshold = -3;
    private const int ArenaMax = -8;
    private const int LargeBlock = 128 * 1024;

    /// <summary>
    /// Lets every large block go back to the system when it is freed. By itself glibc raises the size from which it does so to that of
    /// the largest block freed (up to 32 MiB), and holds on to everything below. For a process that has to stay small; call it first.
    /// Does nothing with another C library.
    /// </summary>
    public static void ReturnLargeBlocks()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            _ = SetOption(MmapThreshold, LargeBlock);
            _ = SetOption(ArenaMax, 2);
        }
        catch (Exception other) when (other is EntryPointNotFoundException or DllNotFoundException)
        {
            // musl: it always gives large blocks back.
        }
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetOption(int option, int value);
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Backup.Foundation.Files;

/// <summary>
/// Writing past the kernel's page cache (O_DIRECT, open(2)): the disk takes the bytes from where they are. It costs a fifth of the processor time, does not drive out what
/// the host's database has in memory, and leaves next to nothing to a sync. On 64-bit x86 Linux alone; not every file system can.
/// </summary>
internal static partial class DirectWrites
{
    /// <summary>Addresses, offsets and lengths are multiples of this.</summary>
    internal const int Alignment = 4096;

    // Source: /usr/include/asm-generic/fcntl.h, /usr/include/linux/falloc.h.
    private const int GetFlags = 3;
    private const int SetFlags = 4;
    private const int Direct = 0x4000;
    private const int KeepSize = 1;

    private static bool IsSupported =>
        OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>Whether these bytes can be written so.</summary>
    internal static unsafe bool Fit(ReadOnlySpan<byte> bytes, long offset) =>
        bytes.Length > 0
        && bytes.Length % Alignment == 0
        && offset % Alignment == 0
        && (nuint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(bytes)) % Alignment == 0;

    /// <summary>From now on the file is written so, whoever has it open from the same opening.</summary>
    /// <returns>False where it cannot be.</returns>
    internal static bool TryBegin(SafeFileHandle file) => IsSupported && Change(file, static flags => flags | Direct);

    /// <summary>It is written as any other again.</summary>
    internal static void End(SafeFileHandle file) => _ = IsSupported && Change(file, static flags => flags & ~Direct);

    /// <summary>Room for what will be written, in one piece; the file does not become longer. Where there is none the write will say so.</summary>
    internal static void Reserve(SafeFileHandle file, long offset, long length) =>
        _ = Call(file, descriptor => Allocate(descriptor, KeepSize, offset, length));

    private static bool Change(SafeFileHandle file, Func<int, int> change) =>
        Call(
            file,
            descriptor =>
                Control(descriptor, GetFlags, 0) is >= 0 and var flags
                    ? Control(descriptor, SetFlags, change(flags))
                    : -1
        ) >= 0;

    private static int Call(SafeFileHandle file, Func<int, int> call)
    {
        var isHeld = false;
        try
        {
            file.DangerousAddRef(ref isHeld);
            return call((int)file.DangerousGetHandle());
        }
        finally
        {
            if (isHeld)
            {
                file.DangerousRelease();
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int descriptor, int command, nint argument);

    [LibraryImport("libc", EntryPoint = "fallocate")]
    private static partial int Allocate(int descriptor, int mode, long offset, long length);
}

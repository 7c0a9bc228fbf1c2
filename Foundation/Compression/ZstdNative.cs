using System.Runtime.InteropServices;

namespace Backup.Foundation.Compression;

/// <summary>The few functions of libzstd.so.1 (1.4 and later) that the product calls. Source: zstd.h.</summary>
internal static partial class ZstdNative
{
    private const string Library = "libzstd.so.1";

    [LibraryImport(Library, EntryPoint = "ZSTD_createCCtx")]
    internal static partial nint CreateCompressor();

    [LibraryImport(Library, EntryPoint = "ZSTD_freeCCtx")]
    internal static partial nuint FreeCompressor(nint context);

    [LibraryImport(Library, EntryPoint = "ZSTD_compressCCtx")]
    internal static unsafe partial nuint Compress(
        nint context,
        byte* destination,
        nuint capacity,
        byte* source,
        nuint length,
        int level
    );

    [LibraryImport(Library, EntryPoint = "ZSTD_createDCtx")]
    internal static partial nint CreateDecompressor();

    [LibraryImport(Library, EntryPoint = "ZSTD_freeDCtx")]
    internal static partial nuint FreeDecompressor(nint context);

    [LibraryImport(Library, EntryPoint = "ZSTD_decompressDCtx")]
    internal static unsafe partial nuint Decompress(
        nint context,
        byte* destination,
        nuint capacity,
        byte* source,
        nuint length
    );

    [LibraryImport(Library, EntryPoint = "ZSTD_compressBound")]
    internal static partial nuint CompressBound(nuint length);

    [LibraryImport(Library, EntryPoint = "ZSTD_isError")]
    internal static partial uint IsError(nuint code);

    [LibraryImport(Library, EntryPoint = "ZSTD_getErrorName")]
    internal static partial nint ErrorName(nuint code);

    internal static string Describe(nuint code) => Marshal.PtrToStringUTF8(ErrorName(code)) ?? "unknown error";
}

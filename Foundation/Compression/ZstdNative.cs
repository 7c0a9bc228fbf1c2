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

    [LibraryImport(Library, EntryPoint = "ZSTD_CCtx_setParameter")]
    internal static partial nuint SetParameter(nint context, int parameter, int value);

    [LibraryImport(Library, EntryPoint = "ZSTD_CCtx_reset")]
    internal static partial nuint ResetCompressor(nint context, int directive);

    [LibraryImport(Library, EntryPoint = "ZSTD_compressStream2")]
    internal static unsafe partial nuint CompressStream(
        nint context,
        OutBuffer* output,
        InBuffer* input,
        int directive
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

    /// <summary>ZSTD_inBuffer.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct InBuffer
    {
        public byte* Start;
        public nuint Size;
        public nuint Position;
    }

    /// <summary>ZSTD_outBuffer.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal unsafe struct OutBuffer
    {
        public byte* Start;
        public nuint Size;
        public nuint Position;
    }

    internal static string Describe(nuint code) => Marshal.PtrToStringUTF8(ErrorName(code)) ?? "unknown error";
}

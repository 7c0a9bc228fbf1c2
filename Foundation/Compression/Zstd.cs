using System.Collections.Concurrent;
using Backup.Foundation.Errors;

namespace Backup.Foundation.Compression;

/// <summary>One-shot zstd frames through libzstd, with pooled contexts; thread-safe.</summary>
public static unsafe class Zstd
{
    /// <summary>Fast and dense enough for everything the product stores; 1 to 19 are allowed.</summary>
    public const int DefaultLevel = 3;

    // A context at level 3 holds a few MiB; as many are kept as there are processors.
    private static readonly ConcurrentBag<nint> Compressors = [];
    private static readonly ConcurrentBag<nint> Decompressors = [];

    /// <summary>The most bytes that <see cref="Compress"/> can need for an input of this length.</summary>
    public static int MaxCompressedLength(int length) => checked((int)ZstdNative.CompressBound((nuint)length));

    /// <summary>Compresses into <paramref name="destination"/>.</summary>
    /// <returns>The length of the frame.</returns>
    /// <exception cref="BackupException">1002 where the destination is too small, 1001 where libzstd is missing.</exception>
    public static int Compress(ReadOnlySpan<byte> source, Span<byte> destination, int level = DefaultLevel)
    {
        var context = Rent(Compressors, compressor: true);
        try
        {
            fixed (byte* from = source)
            fixed (byte* to = destination)
            {
                var written = ZstdNative.Compress(
                    context,
                    to,
                    (nuint)destination.Length,
                    from,
                    (nuint)source.Length,
                    level
                );
                return Checked(written);
            }
        }
        finally
        {
            Return(Compressors, context, compressor: true);
        }
    }

    /// <summary>Decompresses one frame whose raw length the caller knows; a frame of any other length is an error.</summary>
    /// <exception cref="BackupException">1002 where the frame is damaged or not exactly as long as <paramref name="destination"/>.</exception>
    public static void Decompress(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        var context = Rent(Decompressors, compressor: false);
        try
        {
            fixed (byte* from = source)
            fixed (byte* to = destination)
            {
                var written = Checked(
                    ZstdNative.Decompress(context, to, (nuint)destination.Length, from, (nuint)source.Length)
                );
                if (written != destination.Length)
                {
                    throw FoundationErrors.Zstd(
                        $"the frame holds {written} bytes, {destination.Length} were announced"
                    );
                }
            }
        }
        finally
        {
            Return(Decompressors, context, compressor: false);
        }
    }

    private static int Checked(nuint code) =>
        ZstdNative.IsError(code) == 0 ? checked((int)code) : throw FoundationErrors.Zstd(ZstdNative.Describe(code));

    private static nint Rent(ConcurrentBag<nint> pool, bool compressor)
    {
        if (pool.TryTake(out var context))
        {
            return context;
        }

        try
        {
            context = compressor ? ZstdNative.CreateCompressor() : ZstdNative.CreateDecompressor();
        }
        catch (DllNotFoundException missing)
        {
            throw FoundationErrors.NoZstd(missing);
        }

        return context != 0 ? context : throw FoundationErrors.Zstd("no memory for a context");
    }

    private static void Return(ConcurrentBag<nint> pool, nint context, bool compressor)
    {
        if (pool.Count < Environment.ProcessorCount)
        {
            pool.Add(context);
        }
        else if (compressor)
        {
            _ = ZstdNative.FreeCompressor(context);
        }
        else
        {
            _ = ZstdNative.FreeDecompressor(context);
        }
    }
}

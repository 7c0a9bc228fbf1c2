using Backup.Foundation.Errors;
using Backup.Foundation.Memory;

namespace Backup.Foundation.Compression;

/// <summary>
/// One zstd frame made piece by piece into a buffer that grows as it must: the raw bytes need never be in memory as a whole.
/// Not thread-safe; can be used for one frame after another.
/// </summary>
public sealed unsafe class ZstdEncoder : IDisposable
{
    private const int FirstCapacity = 256 * 1024;
    private nint _context;
    private NativeBuffer? _output;
    private int _written;

    /// <param name="level">1 to 19.</param>
    public ZstdEncoder(int level = Zstd.DefaultLevel)
    {
        try
        {
            _context = ZstdNative.CreateCompressor();
            const int compressionLevel = 100;
            _ = Checked(ZstdNative.SetParameter(_context, compressionLevel, level));
        }
        catch (DllNotFoundException missing)
        {
            throw FoundationErrors.NoZstd(missing);
        }
    }

    /// <summary>Compressed bytes at hand so far; the encoder may hold back some more.</summary>
    public int Written => _written;

    public void Append(ReadOnlySpan<byte> raw) => Run(raw, end: false);

    /// <summary>Ends the frame and hands it over; the encoder is ready for the next one.</summary>
    /// <param name="length">Of the frame; the buffer may be longer.</param>
    public NativeBuffer Finish(out int length)
    {
        Run([], end: true);
        length = _written;
        var frame = _output!;
        _output = null;
        _written = 0;
        return frame;
    }

    /// <summary>Throws the unfinished frame away.</summary>
    public void Reset()
    {
        const int session = 1;
        _ = ZstdNative.ResetCompressor(_context, session);
        _output?.Free();
        _output = null;
        _written = 0;
    }

    public void Dispose()
    {
        _output?.Free();
        _output = null;
        if (_context != 0)
        {
            _ = ZstdNative.FreeCompressor(_context);
            _context = 0;
        }
    }

    private void Run(ReadOnlySpan<byte> raw, bool end)
    {
        ObjectDisposedException.ThrowIf(_context == 0, this);
        _output ??= new NativeBuffer(FirstCapacity);
        fixed (byte* from = raw)
        {
            var input = new ZstdNative.InBuffer
            {
                Start = from,
                Size = (nuint)raw.Length,
                Position = 0,
            };
            while (true)
            {
                if (_written == _output.Length)
                {
                    _output.Grow(checked(_output.Length * 2));
                }

                fixed (byte* to = _output.GetSpan())
                {
                    var output = new ZstdNative.OutBuffer
                    {
                        Start = to,
                        Size = (nuint)_output.Length,
                        Position = (nuint)_written,
                    };
                    var left = Checked(ZstdNative.CompressStream(_context, &output, &input, end ? 2 : 0));
                    _written = (int)output.Position;
                    if (end ? left == 0 : input.Position == input.Size)
                    {
                        return;
                    }
                }
            }
        }
    }

    private static nuint Checked(nuint code) =>
        ZstdNative.IsError(code) == 0 ? code : throw FoundationErrors.Zstd(ZstdNative.Describe(code));
}

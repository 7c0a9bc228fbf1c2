using System.Buffers;
using System.Security.Cryptography;
using Backup.Blockstore;
using Backup.Foundation.Compression;
using Backup.MongoWire.Bson;

namespace Backup.Daemon.Heads;

/// <summary>Raw bytes of a slice, decompressed and checked; give it back by disposing.</summary>
internal sealed class SliceBytes : IDisposable
{
    private byte[]? _buffer;
    private readonly int _length;

    private SliceBytes(byte[] buffer, int length)
    {
        _buffer = buffer;
        _length = length;
    }

    internal ReadOnlyMemory<byte> Memory => _buffer.AsMemory(0, _length);

    /// <summary>Fetches, decompresses and checks one slice.</summary>
    /// <exception cref="Foundation.Errors.BackupException">5003, 5011 of the store, 1002 or 2001 where it is damaged.</exception>
    internal static async Task<SliceBytes> LoadAsync(
        IObjectStore objects,
        string name,
        int rawLength,
        byte[] sha256,
        CancellationToken cancellation
    )
    {
        using var stored = await objects.GetAsync(name, cancellation);
        var slice = new SliceBytes(ArrayPool<byte>.Shared.Rent(Math.Max(1, rawLength)), rawLength);
        try
        {
            Zstd.Decompress(stored.Memory.Span, slice._buffer.AsSpan(0, rawLength));
            return SHA256.HashData(slice.Memory.Span).AsSpan().SequenceEqual(sha256)
                ? slice
                : throw MongoWire.MongoWireErrors.Malformed(
                    $"slice '{name}' has another SHA-256 than when it came in",
                    0
                );
        }
        catch
        {
            slice.Dispose();
            throw;
        }
    }

    /// <summary>The documents one after another; slices of the buffer, not copies.</summary>
    internal IEnumerable<ReadOnlyMemory<byte>> Documents()
    {
        for (var rest = Memory; rest.Length > 0; )
        {
            var length = BsonView.LengthOf(rest.Span);
            yield return rest[..length];
            rest = rest[length..];
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _buffer, null) is { } buffer)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

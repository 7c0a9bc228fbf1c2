using System.Security.Cryptography;
using Backup.Blockstore;
using Backup.Foundation.Compression;
using Backup.MongoWire.Bson;

namespace Backup.Daemon.Heads;

/// <summary>Raw bytes of a slice, decompressed and checked; give it back by disposing.</summary>
internal sealed class SliceBytes : IDisposable
{
    private readonly PooledBytes _raw;

    private SliceBytes(int length) => _raw = new PooledBytes(length);

    internal ReadOnlyMemory<byte> Memory => _raw.Memory;

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
        var slice = new SliceBytes(rawLength);
        try
        {
            Zstd.Decompress(stored.Memory.Span, slice._raw.Span);
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

    public void Dispose() => _raw.Dispose();
}

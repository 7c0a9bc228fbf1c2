using Backup.Foundation.Compression;
using Backup.Foundation.Errors;

namespace Backup.Blockstore.Packs;

/// <summary>Raw content to stored block and back. Thread-safe; buffers are given back at once.</summary>
internal static class BlockCodecs
{
    /// <summary>
    /// Encodes, then decodes what was encoded and compares: a block that memory or the library spoiled is never stored.
    /// </summary>
    /// <returns>Header and payload, exactly as long as they are.</returns>
    /// <exception cref="BackupException">5009 where it does not decode to the same bytes.</exception>
    internal static PooledBytes Encode(BlockId id, ReadOnlySpan<byte> raw, int level)
    {
        var stored = new PooledBytes(BlockHeader.Length + Zstd.MaxCompressedLength(raw.Length));
        try
        {
            var payload = stored.Span[BlockHeader.Length..];
            var codec = BlockCodec.Zstd;
            var length = Zstd.Compress(raw, payload, level);
            if (length >= raw.Length)
            {
                codec = BlockCodec.Raw;
                length = raw.Length;
                raw.CopyTo(payload);
            }

            payload = payload[..length];
            Verify(id, codec, payload, raw);
            new BlockHeader(codec, raw.Length, length, id, Crc32C.Of(payload)).Write(stored.Span);
            stored.Shorten(BlockHeader.Length + length);
            return stored;
        }
        catch
        {
            stored.Dispose();
            throw;
        }
    }

    /// <summary>Decodes one stored block, and checks that it is the one that is wanted, bit by bit.</summary>
    /// <exception cref="BackupException">5002 where it is anything else.</exception>
    internal static PooledBytes Decode(BlockId id, ReadOnlySpan<byte> stored, string where)
    {
        if (!BlockHeader.TryRead(stored, out var header) || header.StoredLength != stored.Length)
        {
            throw BlockstoreErrors.Damaged(id, where, "its header is damaged");
        }

        if (header.Id != id)
        {
            throw BlockstoreErrors.Damaged(id, where, "another block stands in its place");
        }

        var payload = stored[BlockHeader.Length..];
        if (Crc32C.Of(payload) != header.PayloadCrc)
        {
            throw BlockstoreErrors.Damaged(id, where, "its checksum does not fit");
        }

        var raw = new PooledBytes(header.RawLength);
        try
        {
            Unpack(header.Codec, payload, raw.Span);
            if (BlockId.Of(raw.Span) != id)
            {
                throw BlockstoreErrors.Damaged(id, where, "its content has another hash");
            }

            return raw;
        }
        catch (BackupException failure) when (failure.Number == FoundationErrors.ZstdFailed)
        {
            raw.Dispose();
            throw BlockstoreErrors.Damaged(id, where, "it does not decompress", failure);
        }
        catch
        {
            raw.Dispose();
            throw;
        }
    }

    /// <summary>Whether these bytes are that block as it was stored, by its checksums: nothing is decompressed.</summary>
    internal static bool IsIntact(BlockId id, ReadOnlySpan<byte> stored) =>
        BlockHeader.TryRead(stored, out var header)
        && header.StoredLength == stored.Length
        && header.Id == id
        && Crc32C.Of(stored[BlockHeader.Length..]) == header.PayloadCrc;

    private static void Verify(BlockId id, BlockCodec codec, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> raw)
    {
        if (codec == BlockCodec.Raw)
        {
            if (!payload.SequenceEqual(raw))
            {
                throw BlockstoreErrors.Miscoded(id);
            }

            return;
        }

        using var decoded = new PooledBytes(raw.Length);
        try
        {
            Zstd.Decompress(payload, decoded.Span);
        }
        catch (BackupException failure) when (failure.Number == FoundationErrors.ZstdFailed)
        {
            throw BlockstoreErrors.Miscoded(id);
        }

        if (!decoded.Span.SequenceEqual(raw))
        {
            throw BlockstoreErrors.Miscoded(id);
        }
    }

    private static void Unpack(BlockCodec codec, ReadOnlySpan<byte> payload, Span<byte> raw)
    {
        if (codec == BlockCodec.Zstd)
        {
            Zstd.Decompress(payload, raw);
        }
        else
        {
            payload.CopyTo(raw);
        }
    }
}

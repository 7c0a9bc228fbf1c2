using Backup.Blockstore.Sealing;
using Backup.Foundation.Compression;
using Backup.Foundation.Errors;

namespace Backup.Blockstore.Packs;

/// <summary>
/// Raw content to stored block and back, whatever store it is for: compressed, then sealed where there is a key. Thread-safe; buffers are given back at
/// once.
/// </summary>
internal static class BlockCodecs
{
    /// <summary>
    /// Encodes, then opens and decodes what was encoded and compares: a block that memory or the library spoiled is never stored.
    /// </summary>
    /// <param name="sealer">That made the id.</param>
    /// <param name="id">Of the content.</param>
    /// <param name="raw">The content.</param>
    /// <param name="level">Of zstd, 1 to 19.</param>
    /// <returns>Header and payload, exactly as long as they are.</returns>
    /// <exception cref="BackupException">5009 where it does not decode to the same bytes, 5034 where the key was forgotten.</exception>
    internal static PooledBytes Encode(BlockSealer sealer, BlockId id, ReadOnlySpan<byte> raw, int level)
    {
        var before = BlockHeader.Length + (sealer.Key is null ? 0 : SealingKey.Overhead);
        var stored = new PooledBytes(before + Zstd.MaxCompressedLength(raw.Length));
        try
        {
            var content = stored.Span[before..];
            var codec = BlockCodec.Zstd;
            var length = Zstd.Compress(raw, content, level);
            if (length >= raw.Length)
            {
                codec = BlockCodec.Raw;
                length = raw.Length;
                raw.CopyTo(content);
            }

            stored.Shorten(before + length);
            var payload = stored.Span[BlockHeader.Length..];
            var flags = sealer.Key is null ? BlockFlags.None : BlockFlags.Sealed;
            var header = new BlockHeader(codec, raw.Length, payload.Length, id, PayloadCrc: 0, flags);
            header.WriteFront(stored.Span);
            sealer.Key?.Seal(payload, stored.Span[..BlockHeader.FrontLength]);
            Verify(sealer.Key, header, stored.Span, raw);
            (header with { PayloadCrc = Crc32C.Of(payload) }).Write(stored.Span);
            return stored;
        }
        catch
        {
            stored.Dispose();
            throw;
        }
    }

    /// <summary>Opens and decodes one stored block, and checks that it is the one that is wanted, bit by bit.</summary>
    /// <param name="keys">Where the key of a sealed block is.</param>
    /// <param name="id">Of the block.</param>
    /// <param name="stored">Header and payload.</param>
    /// <param name="where">For people.</param>
    /// <exception cref="BackupException">5002 where it is anything else; 5030 or 5031 where it is as it was stored, and there is no key to open it.</exception>
    internal static PooledBytes Decode(ISealingKeys keys, BlockId id, ReadOnlySpan<byte> stored, string where)
    {
        if (!BlockHeader.TryRead(stored, out var header) || header.StoredLength != stored.Length)
        {
            throw BlockstoreErrors.Damaged(id, where, "its header is damaged");
        }

        if (header.Id != id)
        {
            throw BlockstoreErrors.Damaged(id, where, "another block stands in its place");
        }

        if (Crc32C.Of(stored[BlockHeader.Length..]) != header.PayloadCrc)
        {
            throw BlockstoreErrors.Damaged(id, where, "its checksum does not fit");
        }

        var key = header.IsSealed ? KeyOf(keys, id, stored, where) : null;
        var raw = new PooledBytes(header.RawLength);
        try
        {
            if (!TryUnpack(key, header, stored, raw.Span))
            {
                throw BlockstoreErrors.Damaged(id, where, "it was changed since it was sealed");
            }

            if (new BlockSealer(key).IdOf(raw.Span) != id)
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

    /// <summary>Whether these bytes are that block as it was stored, by its checksums: nothing is opened or decompressed, no key is needed.</summary>
    internal static bool IsIntact(BlockId id, ReadOnlySpan<byte> stored) =>
        BlockHeader.TryRead(stored, out var header)
        && header.StoredLength == stored.Length
        && header.Id == id
        && Crc32C.Of(stored[BlockHeader.Length..]) == header.PayloadCrc;

    private static SealingKey KeyOf(ISealingKeys keys, BlockId id, ReadOnlySpan<byte> stored, string where)
    {
        var name = new KeyId(stored.Slice(BlockHeader.Length, KeyId.Length));
        return keys.Require(name, $"block {id} was sealed under it, {where}");
    }

    private static void Verify(SealingKey? key, BlockHeader header, ReadOnlySpan<byte> stored, ReadOnlySpan<byte> raw)
    {
        if (key is null && header.Codec == BlockCodec.Raw)
        {
            if (!stored[BlockHeader.Length..].SequenceEqual(raw))
            {
                throw BlockstoreErrors.Miscoded(header.Id);
            }

            return;
        }

        using var decoded = new PooledBytes(raw.Length);
        try
        {
            if (TryUnpack(key, header, stored, decoded.Span) && decoded.Span.SequenceEqual(raw))
            {
                return;
            }
        }
        catch (BackupException failure) when (failure.Number == FoundationErrors.ZstdFailed)
        {
            // Told below.
        }

        throw BlockstoreErrors.Miscoded(header.Id);
    }

    /// <returns>False where it does not open.</returns>
    /// <exception cref="BackupException">1002 where it does not decompress.</exception>
    private static bool TryUnpack(SealingKey? key, BlockHeader header, ReadOnlySpan<byte> stored, Span<byte> raw)
    {
        var payload = stored[BlockHeader.Length..];
        if (key is null)
        {
            Unpack(header.Codec, payload, raw);
            return true;
        }

        var front = stored[..BlockHeader.FrontLength];
        if (header.Codec == BlockCodec.Raw)
        {
            return key.TryOpen(payload, raw, front);
        }

        using var content = new PooledBytes(payload.Length - SealingKey.Overhead);
        if (!key.TryOpen(payload, content.Span, front))
        {
            return false;
        }

        Unpack(header.Codec, content.Span, raw);
        return true;
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

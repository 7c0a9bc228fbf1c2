using Backup.Blockstore.Packs;
using Backup.Blockstore.Sealing;
using Backup.Foundation.Errors;

namespace Backup.Blockstore.S3;

/// <summary>Reads single blocks out of published packs.</summary>
/// <param name="blobs">Where the packs are.</param>
/// <param name="index">Where each block stands.</param>
/// <param name="keys">What sealed blocks are opened with.</param>
internal sealed class S3BlockReads(IBlobs blobs, S3Index index, ISealingKeys keys)
{
    /// <summary>The content, verified; null where it is not where the index says, or the index does not know it.</summary>
    /// <exception cref="BackupException">5002 where every copy of it is damaged.</exception>
    internal async Task<PooledBytes?> ReadAsync(BlockId id, CancellationToken cancellation)
    {
        if (index.Find(id) is not { } place)
        {
            return null;
        }

        using var stored = await blobs.GetAsync(place.Pack.Key, place.Offset, place.StoredLength, cancellation);
        if (stored is null)
        {
            return null;
        }

        try
        {
            return BlockCodecs.Decode(keys, id, stored.Span, $"{place.Pack.Key}, offset {place.Offset}");
        }
        catch (BackupException damaged) when (damaged.Number == BlockstoreErrors.BlockDamaged)
        {
            await index.TellDamageAsync(id, place.Pack, cancellation);
            if (index.Find(id) is { } other && other != place)
            {
                return await ReadAsync(id, cancellation);
            }

            throw;
        }
    }
}

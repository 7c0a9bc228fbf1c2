using System.Runtime.ExceptionServices;
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
    /// <summary>The content, verified, from whichever place has it whole; null where none of those has that the index knows.</summary>
    /// <param name="id">Of the block.</param>
    /// <param name="isFresh">The index was just refreshed: what is damaged in all of its places is damaged.</param>
    /// <param name="cancellation">Nothing is left behind.</param>
    /// <exception cref="BackupException">5002 where it is there, and every copy of it is damaged.</exception>
    internal async Task<PooledBytes?> ReadAsync(BlockId id, bool isFresh, CancellationToken cancellation)
    {
        var damage = default(ExceptionDispatchInfo);
        foreach (var place in index.PlacesOf(id))
        {
            using var stored = await blobs.GetAsync(place.Pack.Key, place.Offset, place.StoredLength, cancellation);
            if (stored is null)
            {
                // Moved by a groom, or lost.
                continue;
            }

            try
            {
                return BlockCodecs.Decode(keys, id, stored.Span, $"{place.Pack.Key}, offset {place.Offset}");
            }
            catch (BackupException damaged) when (damaged.Number == BlockstoreErrors.BlockDamaged)
            {
                damage = ExceptionDispatchInfo.Capture(damaged);
                await index.TellDamageAsync(id, place.Pack, cancellation);
            }
        }

        if (isFresh)
        {
            damage?.Throw();
        }

        return null;
    }
}

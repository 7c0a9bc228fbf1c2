using Backup.Blockstore.Sealing;
using Backup.Foundation.Compression;

namespace Backup.Blockstore.Packs;

/// <summary>How a <see cref="PackBlockStore"/> works.</summary>
/// <param name="PackBytes">A pack is published once it is this long; 1 MiB to 1 GiB, 64 MiB unless set.</param>
/// <param name="ZstdLevel">1 to 19, 3 unless set.</param>
public sealed record PackStoreOptions(long PackBytes = 64L * 1024 * 1024, int ZstdLevel = Zstd.DefaultLevel)
{
    /// <summary>What sealed blocks are opened with.</summary>
    public ISealingKeys Keys { get; init; } = NoSealingKeys.Instance;

    /// <summary>Makes the index anew, whatever there is; null: where it has to be alone.</summary>
    internal IndexRebuild? Rebuild { get; init; }
}

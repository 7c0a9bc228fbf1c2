namespace Backup.Blockstore.Sealing;

/// <summary>A store that takes blocks sealed. What <see cref="IBlockStore.PutAsync"/> takes is put plain.</summary>
public interface ISealingStore : IBlockStore
{
    /// <summary>As <see cref="IBlockStore.PutAsync"/>, with the id and the sealing of <paramref name="sealer"/>.</summary>
    /// <exception cref="Foundation.Errors.BackupException">5034 where its key was forgotten.</exception>
    ValueTask<PutResult> PutAsync(
        ReadOnlyMemory<byte> raw,
        BlockSealer sealer,
        CancellationToken cancellation = default
    );
}

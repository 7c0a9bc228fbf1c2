namespace Backup.Blockstore.Sealing;

/// <summary>How a block that is put becomes its id and its stored bytes: plain, or sealed under a group's key. Thread-safe.</summary>
public readonly record struct BlockSealer
{
    /// <summary>Ids are SHA-256 of the content, and the content is compressed alone.</summary>
    public static readonly BlockSealer Plain;

    /// <param name="key">Of the group that the block is put for; null: plain.</param>
    public BlockSealer(SealingKey? key) => Key = key;

    /// <summary>Null: plain.</summary>
    public SealingKey? Key { get; }

    /// <summary>The id that the content has in the store.</summary>
    /// <exception cref="Foundation.Errors.BackupException">5034 where the key was forgotten.</exception>
    public BlockId IdOf(ReadOnlySpan<byte> raw) => Key?.IdOf(raw) ?? BlockId.Of(raw);
}

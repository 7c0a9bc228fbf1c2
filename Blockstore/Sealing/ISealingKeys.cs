namespace Backup.Blockstore.Sealing;

/// <summary>The keys that a store opens with. Thread-safe.</summary>
public interface ISealingKeys
{
    /// <param name="id">As it stands before what was sealed.</param>
    /// <param name="what">Was sealed under it, and where; for people.</param>
    /// <exception cref="Foundation.Errors.BackupException">5030 where there is no such key, 5031 where it was destroyed.</exception>
    SealingKey Require(KeyId id, string what);
}

/// <summary>For a store in which nothing is sealed.</summary>
public sealed class NoSealingKeys : ISealingKeys
{
    public static readonly NoSealingKeys Instance = new();

    private NoSealingKeys() { }

    public SealingKey Require(KeyId id, string what) => throw BlockstoreErrors.NoKey(id, what);
}

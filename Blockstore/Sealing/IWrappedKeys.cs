namespace Backup.Blockstore.Sealing;

/// <summary>What a wrapped key is for. Frozen: the numbers are persisted.</summary>
public enum KeyPurpose
{
    /// <summary>Seals blocks and objects of the group; the newest generation seals, all of them open.</summary>
    Data = 0,

    /// <summary>Makes the ids of the group's blocks; one of each group, for ever.</summary>
    Ids = 1,
}

/// <summary>A key as it is kept: sealed under a master key.</summary>
/// <param name="Group">Whose.</param>
/// <param name="Id">Its name.</param>
/// <param name="Purpose">What it is for.</param>
/// <param name="Generation">1 and up; of an id key 0.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="Master">The name of the master key that it is sealed under.</param>
/// <param name="Box">See <see cref="KeyWrapping"/>.</param>
public sealed record WrappedKey(
    string Group,
    KeyId Id,
    KeyPurpose Purpose,
    int Generation,
    DateTimeOffset CreatedAt,
    string Master,
    byte[] Box
);

/// <summary>A key that is there no more.</summary>
/// <param name="Group">Whose it was.</param>
/// <param name="Id">Its name.</param>
/// <param name="At">When it was destroyed.</param>
public sealed record DestroyedKey(string Group, KeyId Id, DateTimeOffset At);

/// <summary>Where wrapped keys are kept. Every call is all or nothing, and durable when it is back; a call that throws has changed nothing.</summary>
public interface IWrappedKeys
{
    Task<IReadOnlyList<WrappedKey>> ListAsync(CancellationToken cancellation = default);

    Task<IReadOnlyList<DestroyedKey>> DestroyedAsync(CancellationToken cancellation = default);

    /// <summary>Adds all of them.</summary>
    Task AddAsync(IReadOnlyList<WrappedKey> keys, CancellationToken cancellation = default);

    /// <summary>Each takes the place of the one with its name.</summary>
    Task ReplaceAsync(IReadOnlyList<WrappedKey> keys, CancellationToken cancellation = default);

    /// <summary>Removes the group's keys such that no byte of them is left in a file; their names are kept as those of <see cref="DestroyedAsync"/>.</summary>
    Task DestroyAsync(string group, DateTimeOffset at, CancellationToken cancellation = default);
}

using System.Buffers;

namespace Backup.Blockstore;

/// <summary>
/// Named immutable objects: slices as they came from agents. Names are <c>a/b/c</c> of letters, digits, <c>-_.</c>.
/// An object is there whole or not at all and durable when <see cref="PutAsync"/> returns; a put of a name that is there replaces it whole.
/// </summary>
public interface IObjectStore
{
    /// <exception cref="Foundation.Errors.BackupException">5007 where it is no name, or a part of it is an object already, or it is the prefix of one.</exception>
    Task PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation = default);

    /// <exception cref="Foundation.Errors.BackupException">5003 where there is none.</exception>
    Task<IMemoryOwner<byte>> GetAsync(string name, CancellationToken cancellation = default);

    /// <summary>Nothing happens where there is none.</summary>
    Task DeleteAsync(string name, CancellationToken cancellation = default);

    /// <summary>Deletes every object whose name starts so; a prefix ends with <c>/</c>.</summary>
    Task DeletePrefixAsync(string prefix, CancellationToken cancellation = default);

    IAsyncEnumerable<string> ListAsync(string prefix, CancellationToken cancellation = default);
}

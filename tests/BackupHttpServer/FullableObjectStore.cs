using System.Buffers;
using Backup.Blockstore;
using Backup.Foundation.Errors;

namespace Backup.Tests.BackupHttpServer;

/// <summary>Objects in memory, on a disk that can be full.</summary>
internal sealed class FullableObjectStore : IObjectStore
{
    private readonly MemoryObjectStore _objects = new();

    public bool IsFull { get; set; }

    /// <summary>Runs when an object is durable and its row is not yet there.</summary>
    public Func<Task>? Stored { get; set; }

    public async Task PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation = default)
    {
        if (IsFull)
        {
            throw FoundationErrors.NoSpace(name, new IOException("No space left on device"));
        }

        await _objects.PutAsync(name, content, cancellation);
        await (Stored?.Invoke() ?? Task.CompletedTask);
    }

    public Task<IMemoryOwner<byte>> GetAsync(string name, CancellationToken cancellation = default) =>
        _objects.GetAsync(name, cancellation);

    public Task DeleteAsync(string name, CancellationToken cancellation = default) =>
        _objects.DeleteAsync(name, cancellation);

    public Task DeletePrefixAsync(string prefix, CancellationToken cancellation = default) =>
        _objects.DeletePrefixAsync(prefix, cancellation);

    public IAsyncEnumerable<string> ListAsync(string prefix, CancellationToken cancellation = default) =>
        _objects.ListAsync(prefix, cancellation);
}

using System.Buffers;
using Backup.Blockstore;

namespace Backup.Tests.Agent;

/// <summary>Objects that can be told to forget what they are given (a soak needs no memory), and that tell of each put.</summary>
internal sealed class TestObjectStore(IObjectStore inner) : IObjectStore
{
    public bool Discards { get; set; }

    /// <summary>Called after each put is durable, before the server acknowledges the slice.</summary>
    public Func<string, Task> Stored { get; set; } = static _ => Task.CompletedTask;

    public async Task PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation = default)
    {
        if (!Discards)
        {
            await inner.PutAsync(name, content, cancellation);
        }

        await Stored(name);
    }

    public Task<IMemoryOwner<byte>> GetAsync(string name, CancellationToken cancellation = default) =>
        inner.GetAsync(name, cancellation);

    public Task DeleteAsync(string name, CancellationToken cancellation = default) =>
        inner.DeleteAsync(name, cancellation);

    public Task DeletePrefixAsync(string prefix, CancellationToken cancellation = default) =>
        inner.DeletePrefixAsync(prefix, cancellation);

    public IAsyncEnumerable<string> ListAsync(string prefix, CancellationToken cancellation = default) =>
        inner.ListAsync(prefix, cancellation);
}

using System.Runtime.CompilerServices;
using Backup.Blockstore;
using Backup.Blockstore.S3;

namespace Backup.Tests.Blockstore.S3;

/// <summary>A bucket in memory.</summary>
internal sealed class MemoryBlobs : IBlobs
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, byte[]> _objects = new(StringComparer.Ordinal);

    public string Name => "memory";

    /// <summary>Is over before an object of that key is made, or written over.</summary>
    internal Func<string, Task> BeforePut { get; set; } = static _ => Task.CompletedTask;

    /// <summary>Keys that begin so.</summary>
    internal List<string> Keys(string prefix)
    {
        lock (_gate)
        {
            return [.. _objects.Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal))];
        }
    }

    /// <summary>Changes an object behind the store's back; null removes it.</summary>
    internal void Spoil(string key, Func<byte[], byte[]?> change)
    {
        lock (_gate)
        {
            if (change([.. _objects[key]]) is { } changed)
            {
                _objects[key] = changed;
            }
            else
            {
                _objects.Remove(key);
            }
        }
    }

    public async Task<bool> TryCreateAsync(
        string key,
        ReadOnlyMemory<byte> content,
        bool isLocked,
        CancellationToken cancellation
    )
    {
        cancellation.ThrowIfCancellationRequested();
        await BeforePut(key);
        lock (_gate)
        {
            return _objects.TryAdd(key, content.ToArray());
        }
    }

    public async Task PutAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        await BeforePut(key);
        lock (_gate)
        {
            _objects[key] = content.ToArray();
        }
    }

    public Task<PooledBytes?> GetAsync(string key, CancellationToken cancellation) =>
        GetAsync(key, 0, int.MaxValue, cancellation);

    public Task<PooledBytes?> GetAsync(string key, long offset, int length, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        lock (_gate)
        {
            if (!_objects.TryGetValue(key, out var content) || (offset > 0 && offset >= content.Length))
            {
                return Task.FromResult<PooledBytes?>(null);
            }

            var some = content.AsSpan((int)offset, (int)Math.Min(length, content.Length - offset));
            return Task.FromResult<PooledBytes?>(PooledBytes.CopyOf(some));
        }
    }

    public Task<bool> HasAsync(string key, CancellationToken cancellation)
    {
        lock (_gate)
        {
            return Task.FromResult(_objects.ContainsKey(key));
        }
    }

    public Task DeleteAsync(IReadOnlyCollection<string> keys, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        lock (_gate)
        {
            foreach (var key in keys)
            {
                _objects.Remove(key);
            }
        }

        return Task.CompletedTask;
    }

    public async IAsyncEnumerable<BlobEntry> ListAsync(
        string prefix,
        int most,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        await Task.CompletedTask;
        List<BlobEntry> found;
        lock (_gate)
        {
            found =
            [
                .. _objects
                    .Where(one => one.Key.StartsWith(prefix, StringComparison.Ordinal))
                    .Take(most)
                    .Select(static one => new BlobEntry(one.Key, one.Value.Length)),
            ];
        }

        foreach (var one in found)
        {
            cancellation.ThrowIfCancellationRequested();
            yield return one;
        }
    }
}

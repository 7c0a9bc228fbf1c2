using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Backup.Blockstore;

/// <summary>An object store without a disk: everything is lost with the process. For trials and tests.</summary>
public sealed class MemoryObjectStore : IObjectStore
{
    private readonly ConcurrentDictionary<string, byte[]> _objects = new(StringComparer.Ordinal);

    public Task PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        ObjectNames.Require(name);
        if (_objects.Keys.FirstOrDefault(other => IsBelow(other, name) || IsBelow(name, other)) is { } taken)
        {
            throw BlockstoreErrors.NameTaken(taken.Length < name.Length ? taken : name);
        }

        _objects[name] = content.ToArray();
        return Task.CompletedTask;
    }

    public Task<IMemoryOwner<byte>> GetAsync(string name, CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        ObjectNames.Require(name);
        return _objects.TryGetValue(name, out var content)
            ? Task.FromResult<IMemoryOwner<byte>>(PooledBytes.CopyOf(content))
            : throw BlockstoreErrors.NoObject(name);
    }

    public Task DeleteAsync(string name, CancellationToken cancellation = default)
    {
        ObjectNames.Require(name);
        _objects.TryRemove(name, out _);
        return Task.CompletedTask;
    }

    public Task DeletePrefixAsync(string prefix, CancellationToken cancellation = default)
    {
        ObjectNames.RequirePrefix(prefix);
        foreach (var name in _objects.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)))
        {
            _objects.TryRemove(name, out _);
        }

        return Task.CompletedTask;
    }

    public async IAsyncEnumerable<string> ListAsync(
        string prefix,
        [EnumeratorCancellation] CancellationToken cancellation = default
    )
    {
        if (prefix.Length > 0)
        {
            ObjectNames.RequirePrefix(prefix);
        }

        await Task.CompletedTask;
        foreach (var name in _objects.Keys.Order(StringComparer.Ordinal))
        {
            cancellation.ThrowIfCancellationRequested();
            if (name.StartsWith(prefix, StringComparison.Ordinal))
            {
                yield return name;
            }
        }
    }

    private static bool IsBelow(string name, string prefix) =>
        name.Length > prefix.Length && name[prefix.Length] == '/' && name.StartsWith(prefix, StringComparison.Ordinal);
}

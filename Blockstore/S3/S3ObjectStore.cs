using System.Buffers;
using System.Runtime.CompilerServices;

namespace Backup.Blockstore.S3;

/// <summary>Objects in a bucket, each under its own name below <c>objects/</c>. Any number of processes use it at the same time.</summary>
public sealed class S3ObjectStore : IObjectStore, IDisposable
{
    private const string Root = "objects/";

    private readonly IBlobs _blobs;

    internal S3ObjectStore(IBlobs blobs) => _blobs = blobs;

    /// <summary>Opens the store, and looks whether its bucket answers.</summary>
    /// <exception cref="Foundation.Errors.BackupException">5061 where the service refuses or cannot be reached.</exception>
    public static async Task<S3ObjectStore> OpenAsync(S3StoreOptions options, CancellationToken cancellation = default)
    {
        var blobs = new S3Blobs(options);
        try
        {
            await blobs.HasAsync(Root + "any", cancellation);
            return new S3ObjectStore(blobs);
        }
        catch
        {
            blobs.Dispose();
            throw;
        }
    }

    public async Task PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation = default)
    {
        ObjectNames.Require(name);
        for (var at = name.IndexOf('/'); at >= 0; at = name.IndexOf('/', at + 1))
        {
            if (await _blobs.HasAsync(Root + name[..at], cancellation))
            {
                throw BlockstoreErrors.NameTaken(name[..at]);
            }
        }

        await foreach (var _ in _blobs.ListAsync(Root + name + '/', most: 1, cancellation))
        {
            throw BlockstoreErrors.NameTaken(name);
        }

        await _blobs.PutAsync(Root + name, content, cancellation);
    }

    public async Task<IMemoryOwner<byte>> GetAsync(string name, CancellationToken cancellation = default)
    {
        ObjectNames.Require(name);
        return await _blobs.GetAsync(Root + name, cancellation) ?? throw BlockstoreErrors.NoObject(name);
    }

    public Task DeleteAsync(string name, CancellationToken cancellation = default)
    {
        ObjectNames.Require(name);
        return _blobs.DeleteAsync([Root + name], cancellation);
    }

    public async Task DeletePrefixAsync(string prefix, CancellationToken cancellation = default)
    {
        ObjectNames.RequirePrefix(prefix);
        List<string> names = [];
        await foreach (var one in _blobs.ListAsync(Root + prefix, int.MaxValue, cancellation))
        {
            names.Add(one.Key);
        }

        await _blobs.DeleteAsync(names, cancellation);
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

        await foreach (var one in _blobs.ListAsync(Root + prefix, int.MaxValue, cancellation))
        {
            yield return one.Key[Root.Length..];
        }
    }

    public void Dispose() => (_blobs as IDisposable)?.Dispose();
}

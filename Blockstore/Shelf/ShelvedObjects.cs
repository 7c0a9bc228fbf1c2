using System.Buffers;
using System.Runtime.CompilerServices;
using Backup.Foundation.Errors;

namespace Backup.Blockstore.Shelf;

/// <summary>
/// Objects of several stores as one: a new one goes to the store that its group is in, an old one is read from wherever it is, until it is removed there. So slices
/// of a group that moved age out where they are.
/// </summary>
/// <param name="stores">At least one, each of another name.</param>
/// <param name="storeOf">The name of the store that an object of that name goes to, and is looked for first; null: the first one.</param>
public sealed class ShelvedObjects(
    IReadOnlyList<NamedObjects> stores,
    Func<string, CancellationToken, ValueTask<string?>> storeOf
) : IObjectStore
{
    public async Task PutAsync(string name, ReadOnlyMemory<byte> content, CancellationToken cancellation = default) =>
        await (await TargetOfAsync(name, cancellation)).Objects.PutAsync(name, content, cancellation);

    public async Task<IMemoryOwner<byte>> GetAsync(string name, CancellationToken cancellation = default)
    {
        var target = await TargetOfAsync(name, cancellation);
        foreach (var store in stores.Where(one => one != target).Prepend(target))
        {
            try
            {
                return await store.Objects.GetAsync(name, cancellation);
            }
            catch (BackupException missing) when (missing.Number == BlockstoreErrors.ObjectMissing)
            {
                // The next one.
            }
        }

        throw BlockstoreErrors.NoObject(name);
    }

    public async Task DeleteAsync(string name, CancellationToken cancellation = default)
    {
        foreach (var store in stores)
        {
            await store.Objects.DeleteAsync(name, cancellation);
        }
    }

    public async Task DeletePrefixAsync(string prefix, CancellationToken cancellation = default)
    {
        foreach (var store in stores)
        {
            await store.Objects.DeletePrefixAsync(prefix, cancellation);
        }
    }

    /// <summary>A name that stands in several is listed as often.</summary>
    public async IAsyncEnumerable<string> ListAsync(
        string prefix,
        [EnumeratorCancellation] CancellationToken cancellation = default
    )
    {
        foreach (var store in stores)
        {
            await foreach (var name in store.Objects.ListAsync(prefix, cancellation))
            {
                yield return name;
            }
        }
    }

    /// <exception cref="BackupException">5070.</exception>
    private async ValueTask<NamedObjects> TargetOfAsync(string name, CancellationToken cancellation)
    {
        ObjectNames.Require(name);
        return await storeOf(name, cancellation) is { } chosen
            ? stores.FirstOrDefault(one => one.Name == chosen)
                ?? throw BlockstoreErrors.NoStore(chosen, [.. stores.Select(static one => one.Name)])
            : stores[0];
    }
}

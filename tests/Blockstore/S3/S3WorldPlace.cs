using Backup.Blockstore;
using Backup.Blockstore.S3;
using Backup.Blockstore.Shared;
using Backup.Tests.Blockstore.Shared;
using Shouldly;

namespace Backup.Tests.Blockstore.S3;

/// <summary>A world's store in a bucket, with packs so short that some are full.</summary>
internal sealed class S3WorldPlace(IBlobs blobs) : IWorldPlace
{
    public async Task<IDrivenStore> OpenAsync(SharedStoreOptions sharing) =>
        await S3BlockStore.OpenAsync(
            new Undisposed(blobs),
            new S3StoreOptions
            {
                Bucket = "world",
                PackBytes = 12_000,
                Sharing = sharing,
            },
            CancellationToken.None
        );

    public async Task ExpectNothingLeftAsync(IReadOnlyList<StoredBlock> blocks)
    {
        var packs = await KeysAsync("packs/");
        var lists = new List<string>();
        await foreach (var list in blobs.ListAsync("index/", int.MaxValue, CancellationToken.None))
        {
            if (list.Length != S3Pack.Void.Length)
            {
                lists.Add(list.Key["index/".Length..]);
            }
        }

        packs.Select(static key => key["packs/".Length..]).ShouldBe(lists);
        (await KeysAsync("held/")).ShouldBeEmpty();
        (await KeysAsync("claims/")).ShouldBeEmpty();
        (await KeysAsync("condemned/")).ShouldBeEmpty();
        (await KeysAsync("damaged/")).ShouldBeEmpty();
        (await KeysAsync("state/")).Count.ShouldBeLessThan(200);
    }

    private async Task<List<string>> KeysAsync(string prefix) =>
        await blobs.ListAsync(prefix, int.MaxValue, CancellationToken.None).Select(static one => one.Key).ToListAsync();

    /// <summary>Processes come and go; the bucket stays.</summary>
    private sealed class Undisposed(IBlobs blobs) : IBlobs
    {
        public string Name => blobs.Name;

        public Task<bool> TryCreateAsync(
            string key,
            ReadOnlyMemory<byte> content,
            bool isLocked,
            CancellationToken cancellation
        ) => blobs.TryCreateAsync(key, content, isLocked, cancellation);

        public Task PutAsync(string key, ReadOnlyMemory<byte> content, CancellationToken cancellation) =>
            blobs.PutAsync(key, content, cancellation);

        public Task<PooledBytes?> GetAsync(string key, CancellationToken cancellation) =>
            blobs.GetAsync(key, cancellation);

        public Task<PooledBytes?> GetAsync(string key, long offset, int length, CancellationToken cancellation) =>
            blobs.GetAsync(key, offset, length, cancellation);

        public Task<bool> HasAsync(string key, CancellationToken cancellation) => blobs.HasAsync(key, cancellation);

        public Task DeleteAsync(IReadOnlyCollection<string> keys, CancellationToken cancellation) =>
            blobs.DeleteAsync(keys, cancellation);

        public IAsyncEnumerable<BlobEntry> ListAsync(string prefix, int most, CancellationToken cancellation) =>
            blobs.ListAsync(prefix, most, cancellation);
    }
}

using Backup.Blockstore;
using Backup.Blockstore.Files;
using Backup.Blockstore.Packs;
using Backup.Blockstore.Sealing;
using Backup.Foundation.Errors;
using Shouldly;
using Xunit;

namespace Backup.Tests.Blockstore;

/// <summary>A pack store as a group sees it that seals: all that a store promises.</summary>
public sealed class SealedPackConformance : BlockStoreConformance
{
    private readonly KeysInMemory _kept = new();
    private KeyRing? _ring;
    private SealingKey? _key;

    protected override async Task<IBlockStore> OpenAsync()
    {
        _ring = await Rings.OpenAsync(_kept);
        _key = await _ring.KeyAsync("g1");
        var store = await PackBlockStore.OpenAsync(
            Folder.Path,
            new PackStoreOptions(PackBytes: 1 << 20) { Keys = _ring }
        );
        return new OwningView(store, _ring, "g1");
    }

    protected override BlockId IdOf(byte[] raw) => _key!.IdOf(raw);

    [Fact]
    public async Task Groups_share_nothing_and_ids_are_no_hashes_of_the_content()
    {
        await using var first = await OpenAsync();
        var store = ((OwningView)first).Store;
        var other = new GroupBlockStore(store, _ring!, "g2");
        var raw = Data.Compressible(100_000, 1);
        var (one, two) = (await first.PutAsync(raw), await other.PutAsync(raw));
        one.Id.ShouldNotBe(two.Id);
        one.Id.ShouldNotBe(BlockId.Of(raw));
        (one.IsNew, two.IsNew).ShouldBe((true, true));
        (await other.PutAsync(raw)).ShouldBe(two with { IsNew = false });
    }
}

/// <summary>A store in memory as a group sees it that seals.</summary>
public sealed class SealedMemoryConformance : BlockStoreConformance
{
    private readonly KeysInMemory _kept = new();
    private SealingKey? _key;

    protected override async Task<IBlockStore> OpenAsync()
    {
        var ring = await Rings.OpenAsync(_kept);
        _key = await ring.KeyAsync("g1");
        return new GroupBlockStore(new MemoryBlockStore(), ring, "g1");
    }

    protected override BlockId IdOf(byte[] raw) => _key!.IdOf(raw);
}

/// <summary>Sealed objects in files: all that an object store promises.</summary>
public sealed class SealedObjectConformance : ObjectStoreConformance
{
    private readonly KeyRing _ring = Rings.OpenAsync(new KeysInMemory()).GetAwaiter().GetResult();
    private IObjectStore? _store;

    protected override IObjectStore Store =>
        _store ??= new SealedObjectStore(new FileObjectStore(Folder.Path), _ring, (name, _) => new(name.Split('/')[0]));

    [Fact]
    public async Task What_was_put_plain_is_read_and_what_is_put_now_is_not_to_be_found()
    {
        var marker = "a marker that nobody may read"u8.ToArray();
        var plain = new FileObjectStore(Folder.Path);
        await plain.PutAsync("a/plain", marker);
        await Store.PutAsync("a/sealed", marker);
        foreach (var name in new[] { "a/plain", "a/sealed" })
        {
            using var read = await Store.GetAsync(name);
            read.Memory.ToArray().ShouldBe(marker);
        }

        File.ReadAllBytes(Path.Combine(Folder.Path, "a/plain")).AsSpan().IndexOf(marker).ShouldBe(0);
        File.ReadAllBytes(Path.Combine(Folder.Path, "a/sealed")).AsSpan().IndexOf(marker.AsSpan(0, 8)).ShouldBe(-1);
    }

    [Fact]
    public async Task A_changed_byte_anywhere_is_found_and_so_is_another_name_and_a_cut()
    {
        var content = Data.Compressible(300, 1);
        await Store.PutAsync("a/1", content);
        var path = Path.Combine(Folder.Path, "a/1");
        var whole = File.ReadAllBytes(path);
        for (var at = 0; at < whole.Length; at++)
        {
            var damaged = whole.ToArray();
            damaged[at] ^= 0x40;
            File.WriteAllBytes(path, damaged);
            await ShouldNotGiveAsync("a/1", content, $"byte {at}");
        }

        foreach (var length in new[] { 4, 11, 12, 30, whole.Length - 1 })
        {
            File.WriteAllBytes(path, whole[..length]);
            await ShouldNotGiveAsync("a/1", content, $"cut to {length}");
        }

        File.WriteAllBytes(path, whole);
        File.Copy(path, Path.Combine(Folder.Path, "a/2"));
        (await Should.ThrowAsync<BackupException>(() => Store.GetAsync("a/2"))).Number.ShouldBe(
            BlockstoreErrors.ObjectSpoiled
        );
    }

    /// <summary>Where the magic itself is hit it is taken for a plain object, which its reader's own hash refuses: never for this content.</summary>
    private async Task ShouldNotGiveAsync(string name, byte[] content, string why)
    {
        try
        {
            using var read = await Store.GetAsync(name);
            read.Memory.Span.SequenceEqual(content).ShouldBeFalse(why);
            read.Memory.Length.ShouldBeGreaterThan(content.Length, why);
        }
        catch (BackupException refused)
        {
            refused.Number.ShouldBeOneOf(BlockstoreErrors.ObjectSpoiled, BlockstoreErrors.KeyMissing);
        }
    }
}

/// <summary>A view that closes its store with itself.</summary>
internal sealed class OwningView(ISealingStore store, KeyRing ring, string group) : IBlockStore
{
    private readonly GroupBlockStore _view = new(store, ring, group);

    internal ISealingStore Store => store;

    public BlockStoreStatistics Statistics => _view.Statistics;

    public Backup.Blockstore.Grooming.BlockHolds Holds => _view.Holds;

    public ValueTask<PutResult> PutAsync(ReadOnlyMemory<byte> raw, CancellationToken cancellation = default) =>
        _view.PutAsync(raw, cancellation);

    public Task FlushAsync(CancellationToken cancellation = default) => _view.FlushAsync(cancellation);

    public ValueTask<bool> ContainsAsync(BlockId id, CancellationToken cancellation = default) =>
        _view.ContainsAsync(id, cancellation);

    public ValueTask<System.Buffers.IMemoryOwner<byte>> GetAsync(
        BlockId id,
        CancellationToken cancellation = default
    ) => _view.GetAsync(id, cancellation);

    public IAsyncEnumerable<StoredBlock> ListAsync(CancellationToken cancellation = default) =>
        _view.ListAsync(cancellation);

    public Task<StoreCheck> CheckAsync(Action<StoreFinding> found, CancellationToken cancellation = default) =>
        _view.CheckAsync(found, cancellation);

    public ValueTask DisposeAsync() => store.DisposeAsync();
}

using System.Buffers;
using Backup.Blockstore;
using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.Oplog;
using Backup.Snapshots;
using Backup.Snapshots.Heads;
using Backup.Snapshots.Reading;
using Backup.Snapshots.Runs;
using Shouldly;
using Xunit;

namespace Backup.Tests.Snapshots;

public sealed class RunTests
{
    [Fact]
    public async Task The_same_documents_again_write_no_new_block()
    {
        var store = new MemoryBlockStore();
        var first = await Documents.RunAsync(store, Range(0, 20_000));
        var blocks = store.Statistics.Blocks;

        var second = await Documents.RunAsync(store, Range(0, 20_000));

        second.ShouldBe(first);
        store.Statistics.Blocks.ShouldBe(blocks);
    }

    [Fact]
    public async Task A_document_in_the_middle_touches_few_blocks()
    {
        var store = new MemoryBlockStore();
        var all = Range(0, 40_000).ToList();
        var without = await Documents.RunAsync(store, all.Where(one => one.View["_id"u8].AsInt32 != 20_000));
        var before = store.Statistics.Blocks;

        var with = await Documents.RunAsync(store, all);

        with!.Statistics.Blocks.ShouldBeGreaterThan(20);
        with.Statistics.Documents.ShouldBe(without!.Statistics.Documents + 1);
        (store.Statistics.Blocks - before).ShouldBeLessThan(8);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(2_000)]
    [InlineData(50_000)]
    public async Task Blocks_are_of_one_average_size_whatever_the_size_of_the_documents(int padding)
    {
        var run = await Documents.RunAsync(new MemoryBlockStore(), Range(0, 30_000_000 / (padding + 60), padding));

        var average = run!.Statistics.RawBytes / run.Statistics.Blocks;
        average.ShouldBeInRange(180_000, 360_000);
    }

    [Fact]
    public async Task A_merge_takes_untouched_blocks_over_without_reading_them()
    {
        var store = new CountingStore();
        var old = await Documents.RunAsync(store, Range(0, 40_000));
        var changed = await Documents.RunAsync(store, [Documents.Of(7, 99, 500)]);
        store.Reads = 0;

        var merged = await RunMerger.MergeAsync(store, [changed!, old!], new MergeOptions("db.c", ToOldest: true));

        merged!.Statistics.Documents.ShouldBe(40_000);
        store.Reads.ShouldBeLessThan(8);
    }

    [Fact]
    public async Task Ids_longer_than_a_bound_that_begin_alike_are_merged()
    {
        var store = new MemoryBlockStore();
        var prefix = new string('p', 2_000);
        BsonDocument Of(int id, int version) =>
            BsonDocument.Build(writer => writer.String("_id"u8, $"{prefix}{id:00000}").Int32("v"u8, version));
        BsonDocument Short(string id) => BsonDocument.Build(writer => writer.String("_id"u8, id));
        var old = await Documents.RunAsync(
            store,
            [.. Enumerable.Range(0, 1_000).Select(id => Of(id, 1)), Short("q1"), Short("q5")]
        );
        var newer = await Documents.RunAsync(store, [Short("a"), Short("q3")]);

        var merged = await RunMerger.MergeAsync(store, [newer!, old!], new MergeOptions("db.c", ToOldest: true));

        old!.Statistics.Blocks.ShouldBeGreaterThan(3);
        merged!.Statistics.Documents.ShouldBe(1_004);
    }

    [Fact]
    public async Task An_update_without_its_document_is_damage_that_names_it()
    {
        var store = new MemoryBlockStore();
        var uuid = Guid.NewGuid();
        using var head = Head.Create(store, Documents.Set);
        head.Catalogue.Set(Documents.Collection(uuid, "orders"));
        var update = ExtendedJson.Parse("""{"$v": 1, "$set": {"a": 1}}""");
        head.Update(uuid, Documents.Of(42, 0).View, update.View, MissingDocument.Damage, new Optime(17, 3));

        var error = await Should.ThrowAsync<BackupException>(() => Documents.ReadAsync(head.OpenReader(), uuid));

        error.Number.ShouldBe(SnapshotsErrors.DocumentMissing);
        error.Message.ShouldContain("db.orders");
        error.Message.ShouldContain("42");
        error.Message.ShouldContain("17,3");
    }

    [Fact]
    public async Task Capped_collections_keep_natural_order_and_limits()
    {
        var store = new MemoryBlockStore();
        var uuid = Guid.NewGuid();
        var options = ExtendedJson.Parse("""{"capped": true, "size": 1048576, "max": 50}""");
        var builder = new BaseRunBuilder(store, capped: true);
        foreach (var id in Enumerable.Range(0, 40).Reverse())
        {
            await builder.AddAsync(Documents.Of(id, 0));
        }

        using var head = Head.Create(store, Documents.Set, new HeadOptions { MaxRuns = 2 });
        head.Catalogue.Set(Documents.Collection(uuid, "log", options));
        head.SetBaseRun(uuid, await builder.CompleteAsync());
        head.KeepsLimits(uuid).ShouldBeFalse();
        for (var id = 100; id < 130; id++)
        {
            head.Put(uuid, Documents.Of(id, 0).View, isInsert: true);
            head.TrimOldest(uuid, 1_048_576, 50);
            await head.FlushAsync(default);
            await head.MergeAsync();
        }

        head.Put(uuid, Documents.Of(5, 1).View, isInsert: false);
        head.KeepsLimits(uuid).ShouldBeTrue();

        var ids = (await Documents.ReadAsync(head.OpenReader(), uuid)).Select(one => one.View["_id"u8].AsInt32);
        ids.ShouldBe([.. Enumerable.Range(0, 20).Reverse(), .. Enumerable.Range(100, 30)]);
    }

    [Fact]
    public async Task Capped_collections_are_sorted_in_the_given_folder_with_few_files_open()
    {
        var store = new MemoryBlockStore();
        var uuid = Guid.NewGuid();
        var builder = new BaseRunBuilder(store, capped: true);
        var ids = Enumerable.Range(0, 3_000).ToArray();
        new Random(7).Shuffle(ids);
        foreach (var id in ids)
        {
            await builder.AddAsync(Documents.Of(id, 0));
        }

        using var head = Head.Create(store, Documents.Set);
        head.Catalogue.Set(Documents.Collection(uuid, "log", ExtendedJson.Parse("""{"capped":true,"size":1048576}""")));
        head.SetBaseRun(uuid, await builder.CompleteAsync());
        using var folder = new Backup.Tests.Support.TemporaryFolder();
        var reader = head.OpenReader();
        reader.Sorting = new SortSpace(folder.File("sorting"), MemoryBytes: 2_000);

        await using (var cursor = reader.OpenCollection(uuid))
        {
            foreach (var id in ids)
            {
                (await cursor.MoveNextAsync()).ShouldBeTrue();
                cursor.View["_id"u8].AsInt32.ShouldBe(id);
            }

            (await cursor.MoveNextAsync()).ShouldBeFalse();
            if (OperatingSystem.IsLinux())
            {
                var open = Directory
                    .EnumerateFiles("/proc/self/fd")
                    .Count(link =>
                        File.ResolveLinkTarget(link, false)?.FullName.StartsWith(reader.Sorting.Folder) == true
                    );
                open.ShouldBeInRange(2, 64, "more than a hundred were written, and merged");
            }

            Directory
                .EnumerateFiles(reader.Sorting.Folder)
                .ShouldBeEmpty("they have no names: a killed process leaves none");
        }

        await File.WriteAllTextAsync(folder.File("file"), "");
        reader.Sorting = reader.Sorting with { Folder = folder.File("file") };
        await using var failing = reader.OpenCollection(uuid);
        var failed = await Should.ThrowAsync<BackupException>(async () => await failing.MoveNextAsync());
        failed.Number.ShouldBe(SnapshotsErrors.SortFailed);
    }

    [Fact]
    public async Task A_document_of_16_MiB_goes_through()
    {
        var store = new MemoryBlockStore();
        var uuid = Guid.NewGuid();
        using var head = Head.Create(store, Documents.Set);
        head.Catalogue.Set(Documents.Collection(uuid));
        var large = Documents.Of(1, 1, 16 * 1024 * 1024);
        head.Put(uuid, large.View, isInsert: true);

        var manifest = (await head.FlushAsync(default)).Manifest;

        (await Documents.ReadAsync(await SnapshotReader.OpenAsync(store, manifest), uuid)).ShouldBe([large]);
    }

    [Fact]
    public async Task What_is_no_manifest_is_refused_with_a_number()
    {
        var store = new MemoryBlockStore();
        var put = await store.PutAsync(new byte[100]);

        var error = await Should.ThrowAsync<BackupException>(() => SnapshotReader.OpenAsync(store, put.Id));

        error.Number.ShouldBe(SnapshotsErrors.DamagedManifest);
    }

    [Fact]
    public async Task A_head_whose_flush_fails_stays_as_it_was_and_can_be_flushed_again()
    {
        var store = new CountingStore { FailsPuts = true };
        var uuid = Guid.NewGuid();
        using var head = Head.Create(store, Documents.Set);
        head.Catalogue.Set(Documents.Collection(uuid));
        head.Put(uuid, Documents.Of(1, 1).View, isInsert: true);

        await Should.ThrowAsync<IOException>(() => head.FlushAsync(default));
        head.Manifest.ShouldBeNull();
        head.MemtableBytes.ShouldBeGreaterThan(0);
        store.FailsPuts = false;
        await head.FlushAsync(default);

        (await Documents.ReadAsync(head.OpenReader(), uuid)).ShouldBe([Documents.Of(1, 1)]);
    }

    [Fact]
    public async Task A_head_knows_what_its_memtable_takes()
    {
        const int count = 50_000;
        const int overhead = 150;
        var uuid = Guid.NewGuid();
        using var head = Head.Create(new MemoryBlockStore(), Documents.Set);
        head.Catalogue.Set(Documents.Collection(uuid));
        var documents = Range(0, count).ToList();
        documents.ForEach(document => head.Put(uuid, document.View, isInsert: true));

        var bytes = documents.Sum(document => (long)document.Length);
        head.MemtableBytes.ShouldBeInRange(bytes, bytes + (count * overhead));
        await head.FlushAsync(default);
        head.MemtableBytes.ShouldBe(0);
    }

    private static IEnumerable<BsonDocument> Range(int from, int count, int padding = 200) =>
        Enumerable.Range(from, count).Select(id => Documents.Of(id, 1, padding));

    private sealed class CountingStore : IBlockStore
    {
        private readonly MemoryBlockStore _inner = new();

        internal int Reads { get; set; }

        internal bool FailsPuts { get; set; }

        public BlockStoreStatistics Statistics => _inner.Statistics;

        public Backup.Blockstore.Grooming.BlockHolds Holds => _inner.Holds;

        public ValueTask<PutResult> PutAsync(ReadOnlyMemory<byte> raw, CancellationToken cancellation = default) =>
            FailsPuts ? throw new IOException("no more") : _inner.PutAsync(raw, cancellation);

        public Task FlushAsync(CancellationToken cancellation = default) => _inner.FlushAsync(cancellation);

        public ValueTask<bool> ContainsAsync(BlockId id, CancellationToken cancellation = default) =>
            _inner.ContainsAsync(id, cancellation);

        public ValueTask<IMemoryOwner<byte>> GetAsync(BlockId id, CancellationToken cancellation = default)
        {
            Reads++;
            return _inner.GetAsync(id, cancellation);
        }

        public IAsyncEnumerable<StoredBlock> ListAsync(CancellationToken cancellation = default) =>
            _inner.ListAsync(cancellation);

        public Task<StoreCheck> CheckAsync(Action<StoreFinding> found, CancellationToken cancellation = default) =>
            _inner.CheckAsync(found, cancellation);

        public ValueTask DisposeAsync() => _inner.DisposeAsync();
    }
}

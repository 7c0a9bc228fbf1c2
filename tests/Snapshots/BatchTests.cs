using System.Buffers;
using System.Collections.Concurrent;
using Backup.Blockstore;
using Backup.Blockstore.Grooming;
using Backup.Foundation;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.Oplog;
using Backup.Snapshots.Heads;
using Backup.Snapshots.Reading;
using Shouldly;
using Xunit;

namespace Backup.Tests.Snapshots;

/// <summary>Documents that are taken over block by block are those that are taken one by one.</summary>
public sealed class BatchTests
{
    private const int Count = 20_000;

    [Fact]
    public async Task A_run_that_stands_alone_is_read_block_by_block()
    {
        using var head = Filled(new MemoryBlockStore(), out var uuid);
        var reader = await FlushedAsync(head);

        var (documents, batches) = await Documents.ReadMixedAsync(reader, uuid, new Random(1));

        documents.ShouldBe(await Documents.ReadAsync(reader, uuid));
        documents.Count.ShouldBe(Count);
        batches.ShouldBeLessThan(Count / 50);
    }

    [Fact]
    public async Task Blocks_that_no_other_run_reaches_into_are_read_whole_beside_it()
    {
        using var head = Filled(new MemoryBlockStore(), out var uuid);
        await head.FlushAsync(default);
        var update = BsonDocument.Build(writer =>
            writer.Int32("$v"u8, 1).BeginDocument("$set"u8).Int32("v"u8, 7).EndDocument()
        );
        head.Delete(uuid, Documents.Of(4_000, 0).View);
        head.Update(uuid, Documents.Of(9_000, 0).View, update.View, MissingDocument.Damage, new Optime(1, 1));
        head.Put(uuid, Documents.Of(12_000, 8, 50).View, isInsert: false);
        head.Put(uuid, Documents.Of(Count, 9).View, isInsert: true);
        var reader = await FlushedAsync(head);

        var (documents, batches) = await Documents.ReadMixedAsync(reader, uuid, new Random(2));

        documents.ShouldBe(await Documents.ReadAsync(reader, uuid));
        documents
            .Select(static one => one.View["_id"u8].AsInt32)
            .ShouldBe(Enumerable.Range(0, Count + 1).Where(static id => id != 4_000));
        documents.Single(static one => one.View["_id"u8].AsInt32 == 9_000).View["v"u8].AsInt32.ShouldBe(7);
        documents.Single(static one => one.View["_id"u8].AsInt32 == 12_000).View["v"u8].AsInt32.ShouldBe(8);
        batches.ShouldBeLessThan(Count / 4);
    }

    [Fact]
    public async Task A_record_that_is_damaged_ends_a_batch_with_an_error()
    {
        var store = new SpoilingStore();
        using var head = Filled(store, out var uuid);
        var reader = await FlushedAsync(head);
        store.IsSpoiling = true;
        await using var cursor = reader.OpenCollection(uuid);

        var failure = await Should.ThrowAsync<BackupException>(async () => await cursor.MoveToBatchAsync());

        failure.Number.ShouldBe(4002);
        store.Spoilt.ShouldContain(id => failure.Message.Contains(id, StringComparison.Ordinal));
    }

    private static async Task<SnapshotReader> FlushedAsync(Head head)
    {
        await head.FlushAsync(default);
        return head.OpenReader();
    }

    private static Head Filled(IBlockStore store, out Guid uuid)
    {
        uuid = Guid.NewGuid();
        var head = Head.Create(store, Documents.Set, new HeadOptions());
        head.Catalogue.Set(Documents.Collection(uuid));
        for (var id = 0; id < Count; id++)
        {
            head.Put(uuid, Documents.Of(id, 1, 200).View, isInsert: true);
        }

        return head;
    }

    /// <summary>Memory that changes behind the check of a block's hash.</summary>
    private sealed class SpoilingStore : IBlockStore
    {
        private const int Intact = 1000;

        private readonly MemoryBlockStore _inner = new();

        internal bool IsSpoiling { get; set; }

        /// <summary>Their ids.</summary>
        internal ConcurrentBag<string> Spoilt { get; } = [];

        public BlockStoreStatistics Statistics => _inner.Statistics;

        public BlockHolds Holds => _inner.Holds;

        public ValueTask<PutResult> PutAsync(ReadOnlyMemory<byte> raw, CancellationToken cancellation = default) =>
            _inner.PutAsync(raw, cancellation);

        public Task FlushAsync(CancellationToken cancellation = default) => _inner.FlushAsync(cancellation);

        public ValueTask<bool> ContainsAsync(BlockId id, CancellationToken cancellation = default) =>
            _inner.ContainsAsync(id, cancellation);

        public async ValueTask<IMemoryOwner<byte>> GetAsync(BlockId id, CancellationToken cancellation = default)
        {
            var raw = await _inner.GetAsync(id, cancellation);
            // Index pages are shorter.
            if (IsSpoiling && raw.Memory.Length > 60_000)
            {
                Spoilt.Add(id.ToString());
                raw.Memory.Span[Intact..].Fill(byte.MaxValue);
            }

            return raw;
        }

        public IAsyncEnumerable<StoredBlock> ListAsync(CancellationToken cancellation = default) =>
            _inner.ListAsync(cancellation);

        public Task<StoreCheck> CheckAsync(Action<StoreFinding> found, CancellationToken cancellation = default) =>
            _inner.CheckAsync(found, cancellation);

        public ValueTask DisposeAsync() => _inner.DisposeAsync();
    }
}

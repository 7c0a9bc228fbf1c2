using Backup.Blockstore.Shared;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;

namespace Backup.Blockstore.Mongo;

/// <summary>Looks blocks up by their ids, many at once. What is found is with a majority: it stays whoever is primary. Thread-safe.</summary>
internal sealed class BlockLookups : IAsyncDisposable
{
    private const int MostAtOnce = 1000;

    private readonly MongoTalk _talk;
    private readonly Batcher<Wish> _wishes;

    internal BlockLookups(MongoTalk talk)
    {
        _talk = talk;
        _wishes = new Batcher<Wish>(workers: 2, new BatchLimits(MostAtOnce, MostAtOnce), static _ => 1, AnswerAsync);
    }

    /// <summary>What the store says of a block beside its data; null where it has none.</summary>
    internal async Task<BlockSight?> FindAsync(BlockId id, CancellationToken cancellation)
    {
        var wish = new Wish(id);
        ObjectDisposedException.ThrowIf(!_wishes.TryAdd(wish), this);
        return await wish.Found.Task.WaitAsync(cancellation);
    }

    /// <summary>Of at most 1,000 blocks, those that the store has.</summary>
    internal async Task<Dictionary<BlockId, BlockSight>> FindAsync(
        IEnumerable<BlockId> ids,
        CancellationToken cancellation
    )
    {
        var find = BsonDocument.Build(w =>
        {
            Span<byte> scratch = stackalloc byte[11];
            w.String("find"u8, BlockDocuments.Blocks).BeginDocument("filter"u8).BeginDocument("_id"u8);
            w.BeginArray("$in"u8);
            foreach (var id in ids.Distinct())
            {
                BlockDocuments.Id(w, w.ArrayItemName(scratch), id);
            }

            w.EndArray().EndDocument().EndDocument();
            BlockDocuments.WithoutData(w);
            w.Int32("batchSize"u8, MostAtOnce + 1).Boolean("singleBatch"u8, true);
            w.BeginDocument("readConcern"u8).String("level"u8, "majority").EndDocument();
        });
        var found = await _talk.FindAsync(find, BlockDocuments.Read, cancellation);
        return found.ToDictionary(static one => one.Id);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var wish in await _wishes.StopAsync())
        {
            wish.Found.TrySetCanceled();
        }

        await _wishes.DisposeAsync();
    }

    private async Task AnswerAsync(List<Wish> wishes, CancellationToken stopping)
    {
        try
        {
            var found = await FindAsync(wishes.Select(static wish => wish.Id), stopping);
            foreach (var wish in wishes)
            {
                wish.Found.TrySetResult(found.TryGetValue(wish.Id, out var sight) ? sight : null);
            }
        }
        catch (OperationCanceledException)
        {
            wishes.ForEach(static wish => wish.Found.TrySetCanceled());
        }
        catch (BackupException failure)
        {
            wishes.ForEach(wish => wish.Found.TrySetException(failure));
        }
    }

    private sealed class Wish(BlockId id)
    {
        internal BlockId Id => id;

        internal TaskCompletionSource<BlockSight?> Found { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

using System.Collections.Concurrent;
using Backup.Blockstore.Shared;
using Backup.MongoWire.Bson;

namespace Backup.Blockstore.Mongo;

/// <summary>
/// Brings blocks that were put to the server, many in one command and some commands beside each other. After a failure that trying again does not help
/// nothing more is accepted. Thread-safe.
/// </summary>
internal sealed class BlockWrites : IAsyncDisposable
{
    private const int MostAtOnce = 1000;
    private const long BytesAtOnce = 4 * 1024 * 1024;
    private const int MostRounds = 20;

    private readonly MongoTalk _talk;
    private readonly MongoStoreOptions _options;
    private readonly BlockLookups _lookups;
    private readonly LargeBlocks _large;
    private readonly Func<StoreSession> _session;
    private readonly KnownBlocks _known;
    private readonly ByteGate _room;
    private readonly ConcurrentDictionary<BlockId, PendingBlock> _pending = new();
    private readonly Batcher<PendingBlock> _batches;
    private readonly Lock _counting = new();
    private StoreCount _unsettled;
    private volatile Exception? _failure;

    internal BlockWrites(
        MongoTalk talk,
        MongoStoreOptions options,
        BlockLookups lookups,
        LargeBlocks large,
        KnownBlocks known,
        Func<StoreSession> session
    )
    {
        _talk = talk;
        _options = options;
        _lookups = lookups;
        _large = large;
        _known = known;
        _session = session;
        _room = new ByteGate(options.InFlightBytes);
        _batches = new Batcher<PendingBlock>(
            options.Writers,
            new BatchLimits(MostAtOnce, BytesAtOnce),
            static block => block.Weight,
            WriteAsync
        );
    }

    /// <summary>What ended it.</summary>
    internal Exception? Failure => _failure;

    /// <summary>Blocks and bytes of the store, with those that are on their way.</summary>
    internal StoreCount Total
    {
        get
        {
            lock (_counting)
            {
                return _session().Total + _unsettled;
            }
        }
    }

    internal PendingBlock? Find(BlockId id) => _pending.GetValueOrDefault(id);

    /// <summary>Takes a block over, once there is room. No other of the same id is on its way.</summary>
    internal async Task AddAsync(PendingBlock block)
    {
        await _room.EnterAsync(block.Weight);
        if (block.IsNew)
        {
            lock (_counting)
            {
                _unsettled += new StoreCount(1, block.StoredLength);
            }
        }

        _pending[block.Id] = block;
        if (_failure is not null || !_batches.TryAdd(block))
        {
            Settle(block, added: default);
        }
    }

    /// <summary>Waits until every block taken over before this call is with a majority.</summary>
    /// <returns>Once all of them are, or something failed: look at <see cref="Failure"/>.</returns>
    internal Task SettleAsync(CancellationToken cancellation) =>
        Task.WhenAll(_pending.Values.Select(static block => block.Settled)).WaitAsync(cancellation);

    /// <summary>Gives up what is not written.</summary>
    public async ValueTask DisposeAsync()
    {
        _failure ??= new ObjectDisposedException(nameof(MongoBlockStore));
        await _batches.DisposeAsync();
        foreach (var block in _pending.Values)
        {
            Settle(block, added: default);
        }
    }

    private async Task WriteAsync(List<PendingBlock> batch, CancellationToken stopping)
    {
        var left = batch;
        try
        {
            for (var round = 0; left.Count > 0; round++)
            {
                if (_failure is { } earlier)
                {
                    throw earlier;
                }

                if (round == MostRounds)
                {
                    throw BlockstoreErrors.StateBusy(_talk.NameOf(BlockDocuments.Blocks));
                }

                left = await RoundAsync(left, stopping);
            }
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            // Said before anybody who waits for these goes on.
            _failure ??= failure;
            batch.ForEach(block => Settle(block, added: default));
        }
    }

    /// <returns>Those that have to be tried again, in another way.</returns>
    private async Task<List<PendingBlock>> RoundAsync(List<PendingBlock> blocks, CancellationToken stopping)
    {
        // As of before anything is asked: a damage that is found meanwhile is not taken for one that was known.
        var damages = _session().Damages;
        blocks.ForEach(block => block.Damages = damages);
        var again = new List<PendingBlock>();
        foreach (var kind in blocks.ToLookup(static block => block.Kind))
        {
            List<PendingBlock> same = [.. kind];
            again.AddRange(
                kind.Key switch
                {
                    PendingKind.Insert => await InsertAsync(same, stopping),
                    PendingKind.Raise => await RaiseAsync(same, stopping),
                    PendingKind.Replace => await ReplaceAsync(same, stopping),
                    _ => await InPartsAsync(same, stopping),
                }
            );
        }

        return again;
    }

    private async Task<List<PendingBlock>> InsertAsync(List<PendingBlock> blocks, CancellationToken stopping)
    {
        using var writer = new BsonWriter(LengthOf(blocks));
        foreach (var block in blocks)
        {
            BlockDocuments.Write(writer, block.Id, block.RawLength, block.Stored, block.Epoch);
        }

        // Another process was quicker, or an answer was lost.
        var duplicates = (await _talk.InsertAsync(BlockDocuments.Blocks, writer.WrittenMemory, stopping)).ToHashSet();
        foreach (var (n, block) in blocks.Index())
        {
            if (!duplicates.Contains(n))
            {
                Settle(block, new StoreCount(1, block.StoredLength));
            }
        }

        return await SortAsync([.. blocks.Where((_, n) => duplicates.Contains(n))], stopping);
    }

    private async Task<List<PendingBlock>> RaiseAsync(List<PendingBlock> blocks, CancellationToken stopping)
    {
        using var writer = new BsonWriter(blocks.Count * 128);
        foreach (var block in blocks)
        {
            BlockDocuments.Raise(writer, block.Id, block.Epoch);
        }

        if (await _talk.UpdateAsync(BlockDocuments.Blocks, writer.WrittenMemory, stopping) != blocks.Count)
        {
            return await SortAsync(blocks, stopping);
        }

        blocks.ForEach(block => Settle(block, added: default));
        return [];
    }

    private async Task<List<PendingBlock>> ReplaceAsync(List<PendingBlock> blocks, CancellationToken stopping)
    {
        using var writer = new BsonWriter(LengthOf(blocks));
        foreach (var block in blocks)
        {
            BlockDocuments.Replace(writer, block.Id, block.RawLength, block.Stored, block.Epoch);
        }

        await _talk.UpdateAsync(BlockDocuments.Blocks, writer.WrittenMemory, stopping);
        blocks.ForEach(block => Settle(block, added: default));
        return [];
    }

    private async Task<List<PendingBlock>> InPartsAsync(List<PendingBlock> blocks, CancellationToken stopping)
    {
        foreach (var block in blocks)
        {
            var isNew = await _large.WriteAsync(block, stopping);
            Settle(block, isNew ? new StoreCount(1, block.StoredLength) : default);
        }

        return [];
    }

    /// <summary>Looks what is there of blocks, and says how each is to be written; those that are there as wanted are settled.</summary>
    private async Task<List<PendingBlock>> SortAsync(List<PendingBlock> blocks, CancellationToken stopping)
    {
        if (blocks.Count == 0)
        {
            return blocks;
        }

        var there = await _lookups.FindAsync(blocks.Select(static block => block.Id), stopping);
        var left = new List<PendingBlock>();
        foreach (var block in blocks)
        {
            if (there.TryGetValue(block.Id, out var sight) && sight.IsSound)
            {
                if (sight.Epoch >= block.Epoch)
                {
                    Settle(block, added: default);
                    continue;
                }

                block.Kind = PendingKind.Raise;
            }
            else
            {
                block.Encode(_options.ZstdLevel);
                block.Kind =
                    block.StoredLength > _options.PartBytes ? PendingKind.InParts
                    : sight.Id == block.Id ? PendingKind.Replace
                    : PendingKind.Insert;
            }

            left.Add(block);
        }

        return left;
    }

    /// <summary>Once for each block; again it does nothing.</summary>
    private void Settle(PendingBlock block, StoreCount added)
    {
        if (block.Settled.IsCompleted)
        {
            return;
        }

        if (_failure is null)
        {
            _known.Add(block.Id, block.Epoch, block.Damages, block.StoredLength);
        }

        lock (_counting)
        {
            if (block.IsNew)
            {
                _unsettled -= new StoreCount(1, block.Weight);
            }

            _session().Count(added);
        }

        _pending.TryRemove(KeyValuePair.Create(block.Id, block));
        _room.Leave(block.Weight);
        block.Settle();
    }

    private static int LengthOf(List<PendingBlock> blocks) => blocks.Sum(static block => block.Stored.Length + 256);
}

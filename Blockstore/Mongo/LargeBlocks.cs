using Backup.MongoWire.Bson;

namespace Backup.Blockstore.Mongo;

/// <summary>Blocks that are too long for one document.</summary>
/// <remarks>
/// The block's document comes first and names the writing, then come the parts, then it is said to be complete, by that writing alone. A groom removes
/// the document first and the parts after it: so a writer that hangs between can make nothing complete whose parts are gone, and parts whose writing
/// no document names belong to nothing, for ever.
/// </remarks>
internal sealed class LargeBlocks(MongoTalk talk, BlockLookups lookups, DataParts parts)
{
    private const int MostTries = 50;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Writes it, or finds that another process has.</summary>
    /// <returns>Whether it came in addition to what was there.</returns>
    internal async Task<bool> WriteAsync(PendingBlock block, CancellationToken cancellation)
    {
        for (var attempt = 0; attempt < MostTries; attempt++)
        {
            var there = await lookups.FindAsync(block.Id, cancellation);
            if (there is { IsSound: true })
            {
                if (await UpdateAsync(w => BlockDocuments.Raise(w, block.Id, block.Epoch), cancellation))
                {
                    return false;
                }

                continue;
            }

            if (there is { IsComplete: false, IsDamaged: false } && attempt < 3)
            {
                // Perhaps another process is in the midst of it.
                await Task.Delay(Pause * (1 + Random.Shared.NextDouble()), talk.Time, cancellation);
                continue;
            }

            if (await WriteAsync(block, there, cancellation))
            {
                return there is null;
            }
        }

        throw BlockstoreErrors.StateBusy(talk.NameOf(BlockDocuments.Blocks));
    }

    /// <summary>The stored bytes; null where a part is missing.</summary>
    internal async Task<PooledBytes?> ReadAsync(BlockSight sight, CancellationToken cancellation)
    {
        var stored = new PooledBytes(sight.StoredLength);
        try
        {
            var isWhole =
                sight is { IsComplete: true, Write: { } write }
                && await parts.TryReadAsync(Of(sight.Id), write, sight.Parts, stored.Memory, cancellation);
            if (isWhole)
            {
                return stored;
            }
        }
        catch
        {
            stored.Dispose();
            throw;
        }

        stored.Dispose();
        return null;
    }

    /// <summary>Removes parts, older than the limit, that no block's document names.</summary>
    internal async Task RemoveOrphansAsync(long limit, CancellationToken cancellation)
    {
        await foreach (var part in parts.ListAsync(cancellation))
        {
            if (part.Epoch < limit)
            {
                var id = new BlockId(part.Of.View.First.AsBinary);
                var there = await lookups.FindAsync(id, cancellation);
                if (there?.Write != part.Write)
                {
                    await parts.RemoveAsync(part, cancellation);
                }
            }
        }
    }

    private static BsonDocument Of(BlockId id) => BsonDocument.Build(w => BlockDocuments.Id(w, "_id"u8, id));

    private async Task<bool> WriteAsync(PendingBlock block, BlockSight? there, CancellationToken cancellation)
    {
        var write = Guid.NewGuid();
        if (!await AnnounceAsync(block, there, write, cancellation))
        {
            return false;
        }

        await parts.WriteAsync(Of(block.Id), write, block.Epoch, block.StoredMemory, cancellation);
        var isMine = await UpdateAsync(
            w =>
            {
                w.BeginDocument().BeginDocument("q"u8);
                BlockDocuments.Id(w, "_id"u8, block.Id);
                w.Uuid("write"u8, write).EndDocument().BeginDocument("u"u8).BeginDocument("$set"u8);
                w.Boolean("complete"u8, true).EndDocument().EndDocument().EndDocument();
            },
            cancellation
        );
        if (isMine && there is { } before)
        {
            await RemovePartsAsync(before, cancellation);
        }

        return isMine;
    }

    /// <summary>Says which writing the block's parts are from, in place of what was seen.</summary>
    private async Task<bool> AnnounceAsync(
        PendingBlock block,
        BlockSight? there,
        Guid write,
        CancellationToken cancellation
    )
    {
        if (there is not { } before)
        {
            var document = BsonDocument.Build(w =>
            {
                BlockDocuments.Id(w, "_id"u8, block.Id);
                Fields(w);
                w.Int64("epoch"u8, block.Epoch);
            });
            return (await talk.InsertAsync(BlockDocuments.Blocks, document.Memory, cancellation)).Count == 0;
        }

        return await UpdateAsync(
            w =>
            {
                w.BeginDocument().BeginDocument("q"u8);
                BlockDocuments.Id(w, "_id"u8, block.Id);
                if (before.Write is { } seen)
                {
                    w.Uuid("write"u8, seen);
                }
                else
                {
                    w.BeginDocument("write"u8).Boolean("$exists"u8, false).EndDocument();
                }

                w.EndDocument().BeginDocument("u"u8).BeginDocument("$set"u8);
                Fields(w);
                w.EndDocument().BeginDocument("$unset"u8).Int32("damaged"u8, 1).Int32("data"u8, 1).EndDocument();
                w.BeginDocument("$max"u8).Int64("epoch"u8, block.Epoch).EndDocument().EndDocument().EndDocument();
            },
            cancellation
        );

        void Fields(BsonWriter w) =>
            w.Int32("rawLength"u8, block.RawLength)
                .Int32("storedLength"u8, block.StoredLength)
                .Uuid("write"u8, write)
                .Int32("parts"u8, parts.CountOf(block.StoredLength))
                .Boolean("complete"u8, false);
    }

    /// <summary>Removes the parts of a block whose document names others by now.</summary>
    private Task RemovePartsAsync(BlockSight sight, CancellationToken cancellation) =>
        sight.Write is { } write
            ? parts.RemoveAsync(Of(sight.Id), write, sight.Parts, cancellation)
            : Task.CompletedTask;

    private async Task<bool> UpdateAsync(Action<BsonWriter> statement, CancellationToken cancellation)
    {
        using var writer = new BsonWriter();
        statement(writer);
        return await talk.UpdateAsync(BlockDocuments.Blocks, writer.WrittenMemory, cancellation) == 1;
    }
}

using System.Runtime.CompilerServices;
using Backup.Blockstore.Packs;
using Backup.Blockstore.Sealing;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;

namespace Backup.Blockstore.Mongo;

/// <summary>Reads blocks off the server, one by its id or all in the order of their ids. Thread-safe.</summary>
/// <param name="talk">To the server.</param>
/// <param name="large">Blocks in parts.</param>
/// <param name="keys">What sealed blocks are opened with.</param>
internal sealed class BlockReads(MongoTalk talk, LargeBlocks large, ISealingKeys keys)
{
    private const int SightsAtOnce = 5000;
    private const int BlocksAtOnce = 32;

    internal string Where { get; } = talk.NameOf(BlockDocuments.Blocks);

    /// <summary>The content, verified; the caller disposes it.</summary>
    /// <exception cref="BackupException">5001, 5002.</exception>
    internal async Task<PooledBytes> ReadAsync(BlockId id, CancellationToken cancellation)
    {
        // In parts it may be written anew, into other parts, while it is read.
        for (var attempt = 0; ; attempt++)
        {
            var (sight, whole) = await ReadDocumentAsync(id, cancellation);
            if (whole is not null)
            {
                return whole;
            }

            if (!sight.IsComplete)
            {
                // Nobody has been told that it is there.
                throw BlockstoreErrors.NoBlock(id);
            }

            using var stored = await large.ReadAsync(sight, cancellation);
            if (stored is not null)
            {
                return BlockCodecs.Decode(keys, id, stored.Span, Where);
            }

            if (attempt > 0)
            {
                throw BlockstoreErrors.Damaged(id, Where, "it lacks a part");
            }
        }
    }

    /// <summary>What the store says of each block beside its data.</summary>
    internal async IAsyncEnumerable<BlockSight> SightsAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        var last = default(BlockId?);
        while (true)
        {
            var page = await talk.FindAsync(
                Page(last, SightsAtOnce, withData: false),
                BlockDocuments.Read,
                cancellation
            );
            foreach (var sight in page)
            {
                yield return sight;
                last = sight.Id;
            }

            if (page.Count == 0)
            {
                yield break;
            }
        }
    }

    /// <summary>Reads every block in a range of ids, and says what is wrong with it.</summary>
    /// <param name="after">From behind this one; null: from the first.</param>
    /// <param name="upTo">To this one; null: to the last.</param>
    /// <param name="cancellation">Stops between blocks.</param>
    internal async IAsyncEnumerable<VerifiedBlock> VerifyAsync(
        BlockId? after,
        BlockId? upTo,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        while (true)
        {
            var page = await talk.FindAsync(
                Page(after, BlocksAtOnce, withData: true, upTo),
                view =>
                {
                    var sight = BlockDocuments.Read(view);
                    return sight.Parts > 0 ? new VerifiedBlock(sight) : Verify(sight, view);
                },
                cancellation
            );
            foreach (var block in page)
            {
                cancellation.ThrowIfCancellationRequested();
                after = block.Sight.Id;
                yield return block.Sight is { Parts: > 0, IsComplete: true }
                    ? await VerifyAsync(block.Sight, cancellation)
                    : block;
            }

            if (page.Count == 0)
            {
                yield break;
            }
        }
    }

    private static BsonDocument FindOne(BlockId id) =>
        BsonDocument.Build(w =>
        {
            w.String("find"u8, BlockDocuments.Blocks).BeginDocument("filter"u8);
            BlockDocuments.Id(w, "_id"u8, id);
            w.EndDocument().Int32("limit"u8, 1).Boolean("singleBatch"u8, true);
        });

    /// <summary>Fewer than asked for where more do not fit in a reply; none at the end.</summary>
    private static BsonDocument Page(BlockId? after, int limit, bool withData, BlockId? upTo = null) =>
        BsonDocument.Build(w =>
        {
            w.String("find"u8, BlockDocuments.Blocks).BeginDocument("filter"u8);
            w.BeginDocument("_id"u8);
            BlockDocuments.Id(w, after is null ? "$gte"u8 : "$gt"u8, after ?? BlockDocuments.First);
            BlockDocuments.Id(w, "$lte"u8, upTo ?? BlockDocuments.Last);
            w.EndDocument();
            w.EndDocument().BeginDocument("sort"u8).Int32("_id"u8, 1).EndDocument();
            if (!withData)
            {
                BlockDocuments.WithoutData(w);
            }

            w.Int32("limit"u8, limit).Int32("batchSize"u8, limit).Boolean("singleBatch"u8, true);
        });

    /// <summary>Of a block in one piece its content, of others what the document says.</summary>
    private async Task<(BlockSight Sight, PooledBytes? Whole)> ReadDocumentAsync(
        BlockId id,
        CancellationToken cancellation
    )
    {
        var found = await talk.FindAsync(
            FindOne(id),
            view =>
            {
                var sight = BlockDocuments.Read(view);
                return (sight, sight.Parts == 0 ? Decode(id, view) : null);
            },
            cancellation
        );
        return found.Count > 0 ? found[0] : throw BlockstoreErrors.NoBlock(id);
    }

    private PooledBytes Decode(BlockId id, BsonView document) =>
        document.TryGet("data"u8, out var data) && data.Type == BsonType.Binary
            ? BlockCodecs.Decode(keys, id, data.AsBinary, Where)
            : throw BlockstoreErrors.Damaged(id, Where, "its document has no data");

    private VerifiedBlock Verify(BlockSight sight, BsonView document)
    {
        try
        {
            using var raw = Decode(sight.Id, document);
            return raw.Length == sight.RawLength
                ? new VerifiedBlock(sight)
                : new VerifiedBlock(sight, "its document tells another length than its content has");
        }
        catch (BackupException failure) when (IsOfBlock(failure))
        {
            return Judge(sight, failure);
        }
    }

    private async Task<VerifiedBlock> VerifyAsync(BlockSight sight, CancellationToken cancellation)
    {
        try
        {
            using var raw = await ReadAsync(sight.Id, cancellation);
            return new VerifiedBlock(sight);
        }
        catch (BackupException failure) when (IsOfBlock(failure))
        {
            return Judge(sight, failure);
        }
    }

    private static bool IsOfBlock(BackupException failure) =>
        failure.Number is BlockstoreErrors.BlockDamaged or BlockstoreErrors.BlockMissing
        || BlockstoreErrors.IsLocked(failure);

    private static VerifiedBlock Judge(BlockSight sight, BackupException failure) =>
        failure.Number switch
        {
            BlockstoreErrors.BlockDamaged => new VerifiedBlock(sight, failure.Message),
            // Removed since it was listed.
            BlockstoreErrors.BlockMissing => new VerifiedBlock(sight),
            _ => new VerifiedBlock(sight, IsLocked: true),
        };
}

/// <summary>A block that was read back.</summary>
/// <param name="Sight">What its document says.</param>
/// <param name="Wrong">What is wrong with it; null where nothing is.</param>
/// <param name="IsLocked">It is sealed, and no key opens it: its checksums alone were looked at.</param>
internal readonly record struct VerifiedBlock(BlockSight Sight, string? Wrong = null, bool IsLocked = false);

using Backup.MongoWire.Bson;

namespace Backup.Blockstore.Mongo;

/// <summary>What a block's document says beside its data.</summary>
/// <param name="Id">Its <c>_id</c>.</param>
/// <param name="RawLength">Bytes of its content.</param>
/// <param name="StoredLength">Bytes of header and payload, in all parts.</param>
/// <param name="Epoch">In which it was last put.</param>
/// <param name="IsDamaged">Somebody has read it damaged: it is written anew when it is put.</param>
/// <param name="Write">Of a block in parts: which parts are its; null where its data stands in the document.</param>
/// <param name="Parts">How many; 0 where its data stands in the document.</param>
/// <param name="IsComplete">All parts are there.</param>
internal readonly record struct BlockSight(
    BlockId Id,
    int RawLength,
    int StoredLength,
    long Epoch,
    bool IsDamaged,
    Guid? Write,
    int Parts,
    bool IsComplete
)
{
    /// <summary>A put need not write it again.</summary>
    internal bool IsSound => IsComplete && !IsDamaged;
}

/// <summary>The documents of the collections <c>blocks</c> and <c>blockParts</c>; docs/formats/mongodb-store.md has the tables.</summary>
internal static class BlockDocuments
{
    internal const string Blocks = "blocks";
    internal const string Parts = "blockParts";

    /// <summary>No block's id is smaller. Between this and <see cref="Last"/> are nothing but ids of blocks: binary data sorts by its length first.</summary>
    internal static readonly BlockId First = new(new byte[BlockId.Length]);

    internal static readonly BlockId Last = new([.. Enumerable.Repeat(byte.MaxValue, BlockId.Length)]);

    /// <summary>The document of a block that stands in one piece.</summary>
    internal static void Write(BsonWriter writer, BlockId id, int rawLength, ReadOnlySpan<byte> stored, long epoch)
    {
        writer.BeginDocument();
        Id(writer, "_id"u8, id);
        writer.Int32("rawLength"u8, rawLength).Int32("storedLength"u8, stored.Length).Int64("epoch"u8, epoch);
        writer.Binary("data"u8, stored).EndDocument();
    }

    /// <summary>A statement that puts a block in one piece in the place of whatever is there.</summary>
    internal static void Replace(BsonWriter writer, BlockId id, int rawLength, ReadOnlySpan<byte> stored, long epoch)
    {
        writer.BeginDocument().BeginDocument("q"u8);
        Id(writer, "_id"u8, id);
        writer.EndDocument().BeginDocument("u"u8).BeginDocument("$set"u8);
        writer.Int32("rawLength"u8, rawLength).Int32("storedLength"u8, stored.Length).Binary("data"u8, stored);
        writer.EndDocument().BeginDocument("$unset"u8);
        writer.Int32("damaged"u8, 1).Int32("write"u8, 1).Int32("parts"u8, 1).Int32("complete"u8, 1).EndDocument();
        writer.BeginDocument("$max"u8).Int64("epoch"u8, epoch).EndDocument().EndDocument();
        writer.Boolean("upsert"u8, true).EndDocument();
    }

    /// <summary>A statement that moves a block's epoch forward, where it is whole: not one that was found damaged meanwhile, or is being written anew.</summary>
    internal static void Raise(BsonWriter writer, BlockId id, long epoch)
    {
        writer.BeginDocument().BeginDocument("q"u8);
        Id(writer, "_id"u8, id);
        writer.BeginDocument("damaged"u8).Boolean("$ne"u8, true).EndDocument();
        writer.BeginDocument("complete"u8).Boolean("$ne"u8, false).EndDocument();
        writer.EndDocument().BeginDocument("u"u8).BeginDocument("$max"u8).Int64("epoch"u8, epoch);
        writer.EndDocument().EndDocument().EndDocument();
    }

    /// <summary>A statement that says whether a block was read damaged.</summary>
    internal static void Mark(BsonWriter writer, BlockId id, bool isDamaged)
    {
        writer.BeginDocument().BeginDocument("q"u8);
        Id(writer, "_id"u8, id);
        writer.EndDocument().BeginDocument("u"u8).BeginDocument(isDamaged ? "$set"u8 : "$unset"u8);
        writer.Boolean("damaged"u8, true).EndDocument().EndDocument().EndDocument();
    }

    /// <summary>A statement that removes a block that nobody has put under this epoch or a newer one.</summary>
    internal static void Remove(BsonWriter writer, BlockId id, long limit)
    {
        writer.BeginDocument().BeginDocument("q"u8);
        Id(writer, "_id"u8, id);
        writer.BeginDocument("epoch"u8).Int64("$lt"u8, limit).EndDocument().EndDocument();
        writer.Int32("limit"u8, 1).EndDocument();
    }

    /// <summary>Everything but the data.</summary>
    internal static void WithoutData(BsonWriter writer) =>
        writer.BeginDocument("projection"u8).Int32("data"u8, 0).EndDocument();

    internal static void Id(BsonWriter writer, ReadOnlySpan<byte> name, BlockId id)
    {
        Span<byte> bytes = stackalloc byte[BlockId.Length];
        id.CopyTo(bytes);
        writer.Binary(name, bytes);
    }

    /// <summary>What a document says beside its data. One that is not as this program writes it is a damaged block of length 0.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2001 where its <c>_id</c> is none of a block.</exception>
    internal static BlockSight Read(BsonView view)
    {
        var id = new BlockId(view["_id"u8].AsBinary);
        var (raw, stored, epoch, parts) = (0, 0, 0L, 0);
        var (isDamaged, isComplete, write) = (false, true, default(Guid?));
        foreach (var field in view)
        {
            if (field.NameIs("rawLength"u8) && field.Type == BsonType.Int32)
            {
                raw = field.AsInt32;
            }
            else if (field.NameIs("storedLength"u8) && field.Type == BsonType.Int32)
            {
                stored = field.AsInt32;
            }
            else if (field.NameIs("epoch"u8) && field.Type == BsonType.Int64)
            {
                epoch = field.AsInt64;
            }
            else if (field.NameIs("parts"u8) && field.Type == BsonType.Int32)
            {
                parts = field.AsInt32;
            }
            else if (field.NameIs("damaged"u8))
            {
                isDamaged = field.ToBoolean();
            }
            else if (field.NameIs("complete"u8))
            {
                isComplete = field.ToBoolean();
            }
            else if (field.NameIs("write"u8) && field.Type == BsonType.Binary && field.Value.Length == 21)
            {
                write = field.AsUuid;
            }
        }

        var isOurs =
            raw is > 0 and <= IBlockStore.MaxRawLength && stored > 0 && parts >= 0 && (write is null) == (parts == 0);
        return isOurs
            ? new BlockSight(id, raw, stored, epoch, isDamaged, write, parts, isComplete)
            : new BlockSight(id, 0, 0, epoch, IsDamaged: true, write, 0, IsComplete: false);
    }
}

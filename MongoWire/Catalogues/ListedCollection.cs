using Backup.MongoWire.Bson;

namespace Backup.MongoWire.Catalogues;

/// <summary>
/// One collection as an agent lists it at the begin of an initial sync, and its document in the sync's catalogue. Keep in sync
/// with docs/formats/sync-catalogue.md.
/// </summary>
/// <param name="Namespace">For example <c>shop.orders</c>.</param>
/// <param name="Uuid">Of the collection; null for views and time-series views, which have none.</param>
/// <param name="Type"><c>collection</c>, <c>view</c> or <c>timeseries</c>, as listCollections gives it.</param>
/// <param name="Options">As listCollections gives them, raw.</param>
/// <param name="Indexes">As listIndexes gives them, raw, in order; empty for views.</param>
/// <param name="NaturalOrder">Copied in natural order (capped, or without an index on _id), not in that of its _id index.</param>
/// <param name="Documents">The source's estimate.</param>
/// <param name="Bytes">The source's estimate, raw.</param>
public sealed record ListedCollection(
    string Namespace,
    Guid? Uuid,
    string Type,
    BsonDocument Options,
    IReadOnlyList<BsonDocument> Indexes,
    bool NaturalOrder,
    long Documents,
    long Bytes
)
{
    /// <summary>Most ranges that one collection is copied in.</summary>
    public const int MostRanges = 64;

    /// <summary>
    /// Where it is cut into ranges that are copied beside each other: documents <c>{_id: …}</c>, in the order of the <c>_id</c> index. A range
    /// begins with each of them (included) and ends before the next; one more ends before the first. None: it is copied in one piece.
    /// </summary>
    public IReadOnlyList<BsonDocument> Splits { get; init; } = [];

    /// <summary>Whether documents of it are copied.</summary>
    public bool HasDocuments => Uuid is not null;

    public BsonDocument ToDocument() =>
        BsonDocument.Build(w =>
        {
            w.String("ns"u8, Namespace);
            if (Uuid is { } uuid)
            {
                w.Uuid("uuid"u8, uuid);
            }

            w.String("type"u8, Type).Document("options"u8, Options).BeginArray("indexes"u8);
            Span<byte> scratch = stackalloc byte[11];
            foreach (var index in Indexes)
            {
                w.Document(w.ArrayItemName(scratch), index);
            }

            w.EndArray()
                .Boolean("naturalOrder"u8, NaturalOrder)
                .Int64("documents"u8, Documents)
                .Int64("bytes"u8, Bytes);
            if (Splits.Count > 0)
            {
                w.BeginArray("splits"u8);
                foreach (var split in Splits)
                {
                    w.Document(w.ArrayItemName(scratch), split);
                }

                w.EndArray();
            }
        });

    /// <exception cref="Foundation.Errors.BackupException">2001 where a field is missing or of another type.</exception>
    public static ListedCollection Read(BsonView document)
    {
        var indexes = new List<BsonDocument>();
        foreach (var index in document["indexes"u8].AsDocument)
        {
            indexes.Add(index.AsDocument.ToDocument());
        }

        return new ListedCollection(
            document["ns"u8].AsString,
            document.TryGet("uuid"u8, out var uuid) ? uuid.AsUuid : null,
            document["type"u8].AsString,
            document["options"u8].AsDocument.ToDocument(),
            indexes,
            document["naturalOrder"u8].AsBoolean,
            document["documents"u8].AsInt64,
            document["bytes"u8].AsInt64
        )
        {
            Splits = ReadSplits(document),
        };
    }

    /// <exception cref="Foundation.Errors.BackupException">2001 where one is no <c>{_id: …}</c>, or there are too many.</exception>
    private static List<BsonDocument> ReadSplits(BsonView document)
    {
        var splits = new List<BsonDocument>();
        if (document.TryGet("splits"u8, out var field))
        {
            foreach (var split in field.AsDocument)
            {
                var bound = split.AsDocument;
                _ = bound["_id"u8];
                splits.Add(bound.ToDocument());
            }
        }

        return splits.Count < MostRanges
            ? splits
            : throw MongoWireErrors.Malformed(
                $"a collection is cut at {splits.Count} places, {MostRanges - 1} at most",
                0
            );
    }

    /// <summary>Reads a whole catalogue: documents one after another.</summary>
    /// <exception cref="Foundation.Errors.BackupException">2001 where it is damaged.</exception>
    public static IReadOnlyList<ListedCollection> ReadAll(ReadOnlySpan<byte> catalogue)
    {
        var all = new List<ListedCollection>();
        while (!catalogue.IsEmpty)
        {
            var document = new BsonView(catalogue);
            all.Add(Read(document));
            catalogue = catalogue[document.Length..];
        }

        return all;
    }
}

using Backup.Metadata.Mongo.Transactions;

namespace Backup.Metadata.Mongo.Collections;

/// <summary>Copies, the oplog, and what is lost of it.</summary>
internal static class SyncCollections
{
    /// <summary>Of a sync: what its oplog slices hold, so that nobody has to look for the first and the last of them.</summary>
    internal const string Extent = "extent";

    /// <summary>Of a sync: the sequence number of its next oplog slice.</summary>
    internal const string NextSlice = "nextSlice";

    internal static readonly Collection<SyncRecord> Syncs = new(
        "syncs",
        nameof(SyncRecord.Id),
        [DeploymentCollections.Ordinal, Extent, NextSlice, MongoSession.Touches],
        new Index("replicaSetId", "replicaSetId"),
        new Index("beside", "beside")
    );

    /// <summary>The source's collections as an agent listed them, in parts that fit documents.</summary>
    internal static readonly Collection<CataloguePart> Catalogues = new(
        "syncCatalogues",
        null,
        null,
        new Index("syncId_part", "syncId", "part") { Unique = true }
    );

    internal static readonly Collection<SyncCollection> Copies = new(
        "syncCollections",
        null,
        [MongoSession.Touches],
        new Index("syncId_collection_range", "syncId", "collection", "range") { Unique = true }
    );

    internal static readonly Collection<SyncSlice> Slices = new(
        "syncSlices",
        null,
        null,
        new Index("syncId_collection_range_sequence", "syncId", "collection", "range", "sequence") { Unique = true }
    );

    internal static readonly Collection<OplogSlice> OplogSlices = new(
        "oplogSlices",
        null,
        null,
        new Index("syncId_sequence", "syncId", "sequence") { Unique = true },
        new Index("syncId_last", "syncId", "last.ts")
    );

    internal static readonly Collection<OplogHole> Holes = new(
        "oplogHoles",
        null,
        [DeploymentCollections.Ordinal],
        new Index("replicaSetId", "replicaSetId"),
        new Index("syncId", "syncId")
    );

    internal static readonly Collection<DoomedObject> Doomed = new("doomedObjects", nameof(DoomedObject.Name));

    internal static readonly IReadOnlyList<Collection> All =
    [
        Syncs,
        Catalogues,
        Copies,
        Slices,
        OplogSlices,
        Holes,
        Doomed,
    ];
}

/// <param name="SyncId">Whose.</param>
/// <param name="Part">From 0.</param>
/// <param name="Bytes">At most 8 MiB of raw BSON; a document may go on in the next part.</param>
internal sealed record CataloguePart(string SyncId, int Part, byte[] Bytes);

/// <summary>An object that no record refers to any more, and that is to be deleted.</summary>
internal sealed record DoomedObject(string Name);

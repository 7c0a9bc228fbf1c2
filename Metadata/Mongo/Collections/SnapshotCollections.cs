namespace Backup.Metadata.Mongo.Collections;

/// <summary>Heads, snapshots and cuts, and who reads them: whatever refers to the block store. See <see cref="Stores.MongoManifests"/>.</summary>
internal static class SnapshotCollections
{
    internal static readonly Collection<HeadRecord> Heads = new("heads", nameof(HeadRecord.ReplicaSetId));

    internal static readonly Collection<TimelineEvent> Events = new(
        "timelineEvents",
        null,
        [DeploymentCollections.Ordinal],
        new Index("replicaSetId_ordinal", "replicaSetId", DeploymentCollections.Ordinal)
    );

    internal static readonly Collection<SnapshotRecord> Snapshots = new(
        "snapshots",
        nameof(SnapshotRecord.Id),
        [DeploymentCollections.Ordinal],
        new Index("replicaSetId_ordinal", "replicaSetId", DeploymentCollections.Ordinal),
        new Index("ordinal", DeploymentCollections.Ordinal),
        new Index("cutId", "cutId")
    );

    internal static readonly Collection<ReadHold> Holds = new(
        "readHolds",
        nameof(ReadHold.Id),
        null,
        new Index("replicaSetId_manifestBlock", "replicaSetId", "manifestBlock"),
        new Index("syncId", "syncId"),
        new Index("until", "until")
    );

    internal static readonly Collection<CutRecord> Cuts = new(
        "cuts",
        nameof(CutRecord.Id),
        [DeploymentCollections.Ordinal],
        new Index("clusterId_state_ordinal", "clusterId", "state", DeploymentCollections.Ordinal)
    );

    internal static readonly Collection<CutPart> CutParts = new(
        "cutParts",
        null,
        null,
        new Index("cutId_replicaSetId", "cutId", "replicaSetId") { Unique = true }
    );

    internal static readonly IReadOnlyList<Collection> All = [Heads, Events, Snapshots, Holds, Cuts, CutParts];
}

/// <summary>What a head gave for a cut that is not complete.</summary>
internal sealed record CutPart(string CutId, string ReplicaSetId, SnapshotRecord Part);

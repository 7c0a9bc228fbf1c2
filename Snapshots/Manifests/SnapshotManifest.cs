using Backup.Foundation;
using Backup.MongoWire.Bson;
using Backup.Oplog;
using Backup.Oplog.Catalogues;
using Backup.Snapshots.Heads;
using Backup.Snapshots.Reading;
using Backup.Snapshots.Runs;

namespace Backup.Snapshots.Manifests;

/// <summary>The source of a head.</summary>
/// <param name="Name">For example <c>rs0</c>.</param>
/// <param name="SetId">24 hex digits.</param>
/// <param name="MongoVersion">For example <c>4.2.4</c>.</param>
/// <param name="FeatureCompatibilityVersion">For example <c>4.2</c>.</param>
/// <param name="StorageEngine">For example <c>wiredTiger</c>.</param>
public sealed record ReplicaSetIdentity(
    string Name,
    string SetId,
    string MongoVersion,
    string FeatureCompatibilityVersion,
    string StorageEngine
);

/// <summary>One collection of a manifest.</summary>
/// <param name="Definition">Name, type, options, indexes.</param>
/// <param name="Runs">Newest first; empty for views and empty collections.</param>
/// <param name="NextOrdinal">For capped collections: the next document's ordinal; 0 for others.</param>
/// <param name="Limits">For capped collections of sources that do not log what they overwrite.</param>
public sealed record ManifestCollection(
    CatalogueCollection Definition,
    IReadOnlyList<RunReference> Runs,
    ulong NextOrdinal,
    CappedLimits Limits
)
{
    /// <summary>Sums over the runs; documents that lie in several runs count in each.</summary>
    public RunStatistics Statistics => Runs.Aggregate(default(RunStatistics), (sum, run) => sum + run.Statistics);
}

/// <summary>A head written down: a snapshot, a checkpoint.</summary>
/// <param name="ReplicaSet">The source.</param>
/// <param name="Position">Optime, where to replay from, begin and end of the initial sync.</param>
/// <param name="Collections">By UUID.</param>
/// <param name="PreparedTransactions">Prepared and not decided at the optime.</param>
/// <param name="Statistics">Sums over the collections.</param>
public sealed record SnapshotManifest(
    ReplicaSetIdentity ReplicaSet,
    HeadPosition Position,
    IReadOnlyList<ManifestCollection> Collections,
    IReadOnlyList<BsonDocument> PreparedTransactions,
    RunStatistics Statistics
)
{
    /// <summary>What it holds of the source: what all of these include. None: everything.</summary>
    public IReadOnlyList<NamespaceFilter> Filters { get; init; } = [];

    /// <summary>Prepared by its optime and in it, although the entries that commit them come later: whoever replays on does not apply them again.</summary>
    public IReadOnlyList<PreparedTransaction> AppliedAhead { get; init; } = [];

    /// <summary>As a manifest names a transaction.</summary>
    public static BsonDocument Describe(PreparedTransaction transaction) =>
        BsonDocument.Build(writer =>
            writer
                .Timestamp("start"u8, transaction.Start.Timestamp)
                .Timestamp("prepared"u8, transaction.Prepared.Timestamp)
                .Int64("txnNumber"u8, transaction.TransactionNumber)
                .Document("lsid"u8, transaction.Session)
        );
}
